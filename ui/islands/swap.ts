/** Replaces parts of this page by the same parts of another address, so the server stays the only place that draws. */

/** Fetches `href` and swaps every element named by `selectors`. Keeps scroll positions. False when the server could not answer. */
export async function swap(href: string, selectors: string[], start: (root: ParentNode) => void): Promise<boolean> {
  const answer = await fetch(href, { headers: { accept: "text/html" }, credentials: "same-origin" }).catch(() => null);
  if (!answer?.ok) return false;
  const page = new DOMParser().parseFromString(await answer.text(), "text/html");
  // What stands there for browsers without scripts was read as if there were none.
  for (const plain of page.querySelectorAll("noscript")) plain.remove();
  for (const selector of selectors) {
    const here = document.querySelector(selector);
    const there = page.querySelector(selector);
    if (!here || !there) continue;
    // The part itself may scroll, or the list inside it.
    const scrolled = (): Element[] => [here, ...here.querySelectorAll(".case-list")];
    const tops = scrolled().map((part) => part.scrollTop);
    here.replaceChildren(...there.childNodes);
    scrolled().forEach((part, i) => (part.scrollTop = tops[i] ?? 0));
    start(here);
  }
  return true;
}
