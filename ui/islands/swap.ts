/** Replaces parts of this page by the same parts of another address, so the server stays the only place that draws. */

/** Fetches `href` and swaps every element named by `selectors`. Keeps scroll positions. False when the server could not answer. */
export async function swap(href: string, selectors: string[], start: (root: ParentNode) => void): Promise<boolean> {
  const answer = await fetch(href, { headers: { accept: "text/html" }, credentials: "same-origin" }).catch(() => null);
  if (!answer?.ok) return false;
  const page = new DOMParser().parseFromString(await answer.text(), "text/html");
  for (const selector of selectors) {
    const here = document.querySelector(selector);
    const there = page.querySelector(selector);
    if (!here || !there) continue;
    const top = here.scrollTop;
    here.replaceChildren(...there.childNodes);
    here.scrollTop = top;
    start(here);
  }
  return true;
}
