/** The command centre: choosing a case on the map or in the queue without losing the map, and the ticker of what just happened. */
import { make } from "./helpers";
import type { CaseEvent } from "./live";
import { swap } from "./swap";

const TICKER_LENGTH = 12;

export function startCentre(centre: HTMLElement, start: (root: ParentNode) => void): void {
  const choose = (href: string): void => {
    history.replaceState(null, "", href);
    void swap(href, ["#chosen", '[data-live="centre-queue"]'], start).then((ok) => {
      if (!ok) location.assign(href);
    });
  };
  centre.addEventListener("click", (e) => {
    const a = (e.target as Element).closest<HTMLAnchorElement>(".centre-queue .case-link");
    if (!a || e.ctrlKey || e.metaKey || e.shiftKey) return;
    e.preventDefault();
    choose(a.href);
  });
  centre.addEventListener("ganglion:choose", (e) => {
    const here = new URL(location.href);
    here.searchParams.set("selected", (e as CustomEvent<string>).detail);
    choose(here.toString());
  });
  const ticker = centre.querySelector<HTMLOListElement>("[data-ticker]");
  document.addEventListener("ganglion:case", (e) => {
    const event = (e as CustomEvent<CaseEvent>).detail;
    if (!ticker) return;
    const a = make("a");
    const here = new URL(location.href);
    here.searchParams.set("selected", event.number);
    a.href = here.toString();
    a.append(make("time", "", event.at), ` ${event.text}`);
    const line = make("li");
    line.append(a);
    ticker.prepend(line);
    while (ticker.children.length > TICKER_LENGTH) ticker.lastElementChild?.remove();
  });
}
