/** The page of a window: one hand on the digits. 0 calls the next, the other digits are the steps of the case that was called. */

const TYPING = "input:not([type=hidden]):not([type=radio]):not([type=checkbox]), textarea, select";

export function startQueue(): void {
  document.addEventListener("keydown", (e) => {
    if (e.ctrlKey || e.metaKey || e.altKey || e.repeat || (e.target as Element).matches?.(TYPING)) return;
    if (!/^[0-9]$/.test(e.key)) return;
    const found = document.querySelector<HTMLElement>(`[data-island="queue"] [data-key="${e.key}"]`);
    if (!found) return;
    e.preventDefault();
    if (found instanceof HTMLButtonElement) return found.click();
    if (!(found instanceof HTMLDetailsElement)) return;
    found.open = true;
    found.querySelector<HTMLElement>(".form input:not([type=hidden]), .form select, .form textarea, .form button")?.focus();
  });
}
