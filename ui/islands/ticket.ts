/** A ticket on a phone: when it is called, the phone shakes and chimes once; on a locked phone nothing is promised. */
import { Sound } from "./sound";

const SHAKE_MS = [300, 150, 300];

export function startTicket(box: HTMLElement): void {
  const sound = new Sound(document.documentElement.lang);
  document.addEventListener("pointerdown", () => void sound.on(), { once: true });
  const part = (): HTMLElement | null => box.querySelector<HTMLElement>('[data-live="ticket"]');
  const where = (): string => part()?.querySelector(".ticket-go strong")?.textContent ?? "";
  let last = where();
  // The part is swapped in anew by live changes; what it says is read after each.
  new MutationObserver(() => {
    const called = where();
    if (called && called !== last) {
      navigator.vibrate?.(SHAKE_MS);
      void sound.chime();
    }
    last = called;
    part()?.classList.toggle("is-called", called !== "");
  }).observe(box, { childList: true, subtree: true });
}
