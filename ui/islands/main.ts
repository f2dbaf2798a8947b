/**
 * The only script a page names. Marks that scripts run, starts the small helpers, and loads the larger islands
 * (map, report, live, desk) only where a page holds one. The keys of a counter are there at once: no press may be lost.
 * Leaves out all texts: they come as data attributes.
 */
import { startCounters, startErrorFocus, startPrint, startReadAloud, startBulkCount, startTabs } from "./helpers";
import { startExport } from "./export";
import { startFiles } from "./files";
import { settleKept, standAgain, startKept } from "./kept";
import { startOptions } from "./options";
import { startQueue } from "./queue";
import { startAsk, startRows } from "./rows";
import { startSuggest } from "./suggest";

/** Starts everything inside `root`: the document at first, later a part that was swapped in. */
export function start(root: ParentNode): void {
  startCounters(root);
  startErrorFocus(root);
  startPrint(root);
  startReadAloud(root);
  startTabs(root);
  for (const box of root.querySelectorAll<HTMLElement>('[data-island="files"]')) startFiles(box);
  for (const box of root.querySelectorAll<HTMLElement>('[data-island="rows"]')) startRows(box);
  for (const link of root.querySelectorAll<HTMLAnchorElement>('a[data-island="export"]')) startExport(link);
  for (const form of root.querySelectorAll<HTMLFormElement>("form[data-ask]")) startAsk(form);
  startOptions(root);
  startKept(root);
  for (const input of root.querySelectorAll<HTMLInputElement>("input[data-suggest]")) startSuggest(input);
  for (const box of root.querySelectorAll<HTMLElement>('[data-island="passkey"]')) void import("./passkey").then((m) => m.startPasskey(box));
  for (const box of root.querySelectorAll<HTMLElement>('[data-island="map"]')) {
    void import("./map").then((m) => m.startMap(box)).catch(() => mapFailed(box));
  }
}

function mapFailed(box: HTMLElement): void {
  const words = box.querySelector(".map-off");
  if (words) words.textContent = box.dataset["failed"] ?? "";
}

document.documentElement.classList.add("js");
settleKept();
standAgain();
start(document);
startBulkCount();
const report = document.querySelector<HTMLFormElement>('form[data-island="report"]');
if (report) void import("./report").then((m) => m.startReport(report));
if (document.querySelector('[data-island="report-sent"]')) void import("./draft").then((m) => m.clearDraft("/report"));
const desk = document.querySelector<HTMLElement>('[data-island="desk"]');
if (desk) void import("./desk").then((m) => m.startDesk(desk, start));
const centre = document.querySelector<HTMLElement>('[data-island="centre"]');
if (centre) void import("./centre").then((m) => m.startCentre(centre, start));
const display = document.querySelector<HTMLElement>('[data-island="display"]');
if (display) void import("./display").then((m) => m.startDisplay(display, start));
if (document.querySelector('[data-island="kiosk"]')) void import("./kiosk").then((m) => m.startKiosk());
const slip = document.querySelector<HTMLElement>('[data-island="slip"]');
if (slip) void import("./kiosk").then((m) => m.startSlip(slip));
if (document.querySelector('[data-island="queue"]')) startQueue();
const ticket = document.querySelector<HTMLElement>('[data-island="ticket"]');
if (ticket) void import("./ticket").then((m) => m.startTicket(ticket));
const live = document.body.dataset["liveHref"];
if (live) void import("./live").then((m) => m.startLive(live, start));
