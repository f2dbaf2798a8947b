/** The kiosk: goes back to an untouched page when nobody is there, prints a slip where the device is set up for it, and returns to the buttons. */

const IDLE_MS = 90_000;

/** What one person began is not shown to the next. */
export function startKiosk(): void {
  let timer = 0;
  const again = (): void => {
    window.clearTimeout(timer);
    timer = window.setTimeout(() => location.replace(location.pathname + location.search), IDLE_MS);
  };
  for (const touch of ["pointerdown", "keydown"]) document.addEventListener(touch, again);
  document.addEventListener("change", again);
}

export function startSlip(box: HTMLElement): void {
  const back = box.dataset["back"] ?? "/";
  const left = box.querySelector<HTMLElement>("[data-left]");
  let seconds = Number(box.dataset["seconds"] ?? 15);
  // A kiosk with a printer carries `print=1` in its address; the browser there prints without asking.
  if (new URL(location.href).searchParams.get("print") === "1") window.print();
  window.setInterval(() => {
    seconds -= 1;
    if (left) left.textContent = seconds > 0 ? ` (${seconds})` : "";
    if (seconds === 0) location.replace(back);
  }, 1000);
}
