/** Suggests what may be meant while a text is typed: the server is asked, the browser shows the list. Nothing depends on it. */

interface Suggestion {
  value: string;
  label: string;
}

/** Asks for `input`; an answer that comes after a newer question is dropped. */
export function startSuggest(input: HTMLInputElement): void {
  const list = input.list;
  if (!list || input.dataset["suggesting"]) return;
  input.dataset["suggesting"] = "1";
  let asked = 0;
  const ask = async (): Promise<void> => {
    const mine = (asked += 1);
    const query = new URLSearchParams({ q: input.value });
    const role = input.form?.elements.namedItem("role");
    const chosen = role instanceof HTMLSelectElement ? role.value : role instanceof RadioNodeList ? role.value : "";
    if (chosen) query.set("role", chosen);
    try {
      const answer = await fetch(`${input.dataset["suggest"] ?? ""}?${query.toString()}`, { headers: { accept: "application/json" } });
      if (!answer.ok || mine !== asked) return;
      const found = (await answer.json()) as Suggestion[];
      list.replaceChildren(
        ...found.map((one) => {
          const option = document.createElement("option");
          option.value = one.value;
          option.label = `${one.value} ${one.label}`;
          return option;
        }),
      );
    } catch {
      // Without an answer the text is sent as it is typed.
    }
  };
  input.addEventListener("input", () => void ask());
}
