/** The desk by keyboard: j k move, Enter opens, a acts, x ticks, / searches, ? explains. A click fills the preview in place. */
import { swap } from "./swap";

const NARROW = "(max-width: 61.99rem)";

export function startDesk(desk: HTMLElement, start: (root: ParentNode) => void): void {
  const dialog = document.querySelector<HTMLDialogElement>("[data-keys-dialog]");
  let wanted = 0;
  const rows = (): HTMLElement[] => [...desk.querySelectorAll<HTMLElement>(".case-row")];
  const selected = (): HTMLElement | null => desk.querySelector<HTMLElement>(".case-row.is-selected");
  const link = (row: HTMLElement | null): HTMLAnchorElement | null => row?.querySelector<HTMLAnchorElement>(".case-link") ?? null;

  const choose = (row: HTMLElement | undefined): void => {
    const a = link(row ?? null);
    if (!row || !a) return;
    for (const r of rows()) {
      r.classList.toggle("is-selected", r === row);
      if (r === row) link(r)?.setAttribute("aria-current", "true");
      else link(r)?.removeAttribute("aria-current");
    }
    row.scrollIntoView({ block: "nearest" });
    a.focus({ preventScroll: true });
    const turn = ++wanted;
    window.setTimeout(() => {
      if (turn !== wanted) return;
      history.replaceState(null, "", a.href);
      void swap(a.href, ["#preview"], start).then((ok) => {
        if (!ok) location.assign(a.href);
        desk.classList.add("has-preview");
        // Another case begins at its top.
        document.querySelector("#preview")?.scrollTo({ top: 0 });
      });
    }, 90);
  };

  desk.addEventListener("click", (e) => {
    const a = (e.target as Element).closest<HTMLAnchorElement>(".case-link");
    if (!a || e.ctrlKey || e.metaKey || e.shiftKey || matchMedia(NARROW).matches) return;
    e.preventDefault();
    choose(a.closest<HTMLElement>(".case-row") ?? undefined);
  });

  document.addEventListener("keydown", (e) => {
    const typing = (e.target as Element).closest("input:not([type=checkbox]), textarea, select") !== null;
    if (e.key === "Escape" && typing) return (e.target as HTMLElement).blur();
    if (typing || e.ctrlKey || e.metaKey || e.altKey || dialog?.open) return;
    const all = rows();
    const at = all.indexOf(selected() as HTMLElement);
    if (e.key === "j") choose(all[Math.min(at + 1, all.length - 1)]);
    else if (e.key === "k") choose(all[Math.max(at - 1, 0)]);
    else if (e.key === "Enter" && document.activeElement?.matches(".case-link")) {
      const whole = document.querySelector<HTMLAnchorElement>("#preview .preview-head a[href^='/cases/']");
      if (whole) location.assign(whole.href);
    } else if (e.key === "a") act();
    else if (e.key === "x") selected()?.querySelector<HTMLInputElement>(".case-check input")?.click();
    else if (e.key === "/") document.querySelector<HTMLInputElement>("[data-key='/']")?.focus();
    else if (e.key === "?") dialog?.showModal();
    else return;
    e.preventDefault();
  });
}

function act(): void {
  const first = document.querySelector<HTMLDetailsElement>("#preview details.action");
  if (!first) return;
  first.open = true;
  first.querySelector<HTMLElement>("input:not([type=hidden]), select, textarea, button")?.focus();
}
