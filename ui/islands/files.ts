/**
 * Files sent while the rest of the form is filled in: progress and thumbnail each, an error beside the file that failed.
 * What cannot be sent now stays in the ordinary file input and goes along with the form.
 */
import { fill, make } from "./helpers";

interface Stored { id: string; name: string; thumb_href: string; error?: string }

/** Files of a form that are on their way; each says whether the form may go without another look. */
const sending = new WeakMap<HTMLFormElement, Set<Promise<boolean>>>();

/** A form sent before its files have arrived waits for them, says so, and then goes by itself. */
function waitingRoom(form: HTMLFormElement): Set<Promise<boolean>> {
  const known = sending.get(form);
  if (known) return known;
  const all = new Set<Promise<boolean>>();
  sending.set(form, all);
  let waits = false;
  form.addEventListener("submit", (event) => {
    if (all.size === 0) return;
    event.preventDefault();
    event.stopImmediatePropagation();
    if (waits) return;
    waits = true;
    const by = event.submitter;
    const box = form.querySelector<HTMLElement>('[data-island="files"]:has(progress)');
    const line = make("li", "file-wait", box?.dataset["textWait"]);
    box?.querySelector("[data-file-errors]")?.append(line);
    const done = async (): Promise<boolean> => {
      let good = true;
      while (all.size > 0) good = (await Promise.all(all)).every(Boolean) && good;
      return good;
    };
    void done().then((good) => {
      waits = false;
      line.remove();
      if (good) form.requestSubmit(by instanceof HTMLElement ? by : null);
      else box?.scrollIntoView({ block: "center" });
    });
  }, true);
  return all;
}

export function startFiles(box: HTMLElement): void {
  const input = box.querySelector<HTMLInputElement>("input[type=file]");
  const list = box.querySelector<HTMLElement>("[data-file-list]");
  const errors = box.querySelector<HTMLElement>("[data-file-errors]");
  if (!input || !list || !errors || box.dataset["started"] || "plain" in box.dataset) return;
  box.dataset["started"] = "1";
  const max = Number(box.dataset["max"] ?? 9);
  const most = Number(box.dataset["maxMb"] ?? 20) * 1048576;

  input.addEventListener("change", () => {
    errors.replaceChildren();
    const keep = new DataTransfer();
    const chosen = [...(input.files ?? [])];
    input.value = "";
    for (const file of chosen) {
      if (list.children.length >= max) {
        if (!errors.querySelector("[data-many]")) {
          const line = make("li", "", box.dataset["textMany"]);
          line.dataset["many"] = "";
          errors.append(line);
        }
      } else if (file.size > most) errors.append(make("li", "", fill(box.dataset["textTooBig"], file.name)));
      else {
        const sent = send(box, file, list, errors, keep, input);
        const form = box.closest("form");
        if (!form) continue;
        const room = waitingRoom(form);
        room.add(sent);
        void sent.finally(() => room.delete(sent));
      }
    }
  });
}

/** Sends one file; false when something stands beside it that should be read before the form goes. */
async function send(box: HTMLElement, file: File, list: HTMLElement, errors: HTMLElement, keep: DataTransfer, input: HTMLInputElement): Promise<boolean> {
  const line = make("li", "file");
  const bar = make("progress");
  bar.max = 100;
  bar.value = 0;
  bar.setAttribute("aria-label", fill(box.dataset["textSending"], file.name));
  line.append(make("span", "file-blank"), bar);
  list.append(line);
  const stored = await upload(file, box.closest("form"), (percent) => (bar.value = percent));
  if (stored && !stored.error) {
    shown(box, line, stored);
    return true;
  }
  line.remove();
  if (stored?.error) {
    errors.append(make("li", "", `${file.name}: ${stored.error}`));
    return false;
  }
  keep.items.add(file);
  input.files = keep.files;
  errors.append(make("li", "", fill(box.dataset["textFailed"], file.name)));
  return true;
}

function shown(box: HTMLElement, line: HTMLElement, stored: Stored): void {
  const picture = make("img");
  picture.src = stored.thumb_href;
  picture.alt = stored.name;
  const hidden = make("input");
  hidden.type = "hidden";
  hidden.name = box.dataset["kept"] ?? "photo_ids";
  hidden.value = stored.id;
  const remove = make("button", "btn-link", box.dataset["textRemove"]);
  remove.type = "button";
  remove.addEventListener("click", () => line.remove());
  line.replaceChildren(picture, hidden, remove);
}

function upload(file: File, form: HTMLFormElement | null, progress: (percent: number) => void): Promise<Stored | null> {
  return new Promise((resolve) => {
    const body = new FormData();
    body.append("csrf", form?.querySelector<HTMLInputElement>("input[name=csrf]")?.value ?? "");
    body.append("file", file, file.name);
    const request = new XMLHttpRequest();
    request.open("POST", "/files");
    request.responseType = "json";
    request.upload.addEventListener("progress", (e) => e.lengthComputable && progress((e.loaded * 100) / e.total));
    request.addEventListener("load", () => {
      const answer = request.response as Stored | null;
      resolve(answer && (answer.id || answer.error) ? answer : null);
    });
    request.addEventListener("error", () => resolve(null));
    request.send(body);
  });
}
