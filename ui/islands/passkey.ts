/**
 * Passkeys: asks the server what to ask the device for, lets the device ask the person, and sends the answer as an ordinary form.
 * Bytes travel as base64url. Leaves out all texts: they come as data attributes.
 */

interface Named {
  type: "public-key";
  id: string;
}

/** What the server tells: the options of the browser's own interface, with bytes as text. */
interface Asked {
  challenge: string;
  user?: { id: string; name: string; displayName: string };
  allowCredentials?: Named[];
  excludeCredentials?: Named[];
}

function bytes(text: string): ArrayBuffer {
  const plain = atob(text.replace(/-/g, "+").replace(/_/g, "/"));
  const buffer = new ArrayBuffer(plain.length);
  const view = new Uint8Array(buffer);
  for (let at = 0; at < plain.length; at += 1) view[at] = plain.charCodeAt(at);
  return buffer;
}

function text(buffer: ArrayBuffer): string {
  const plain = Array.from(new Uint8Array(buffer), (byte) => String.fromCharCode(byte)).join("");
  return btoa(plain).replace(/\+/g, "-").replace(/\//g, "_").replace(/=+$/, "");
}

const named = (list: Named[] | undefined): PublicKeyCredentialDescriptor[] => (list ?? []).map(({ type, id }) => ({ type, id: bytes(id) }));

async function made(asked: Asked): Promise<Record<string, string>> {
  const user = asked.user ? { ...asked.user, id: bytes(asked.user.id) } : undefined;
  const publicKey = { ...asked, user, challenge: bytes(asked.challenge), excludeCredentials: named(asked.excludeCredentials) };
  const passkey = await navigator.credentials.create({ publicKey: publicKey as unknown as PublicKeyCredentialCreationOptions });
  const answer = (passkey as PublicKeyCredential).response as AuthenticatorAttestationResponse;
  return { client: text(answer.clientDataJSON), attested: text(answer.attestationObject) };
}

async function signed(asked: Asked): Promise<Record<string, string>> {
  const publicKey = { ...asked, challenge: bytes(asked.challenge), allowCredentials: named(asked.allowCredentials) };
  const passkey = (await navigator.credentials.get({ publicKey: publicKey as unknown as PublicKeyCredentialRequestOptions })) as PublicKeyCredential;
  const answer = passkey.response as AuthenticatorAssertionResponse;
  const user: Record<string, string> = answer.userHandle ? { user: text(answer.userHandle) } : {};
  return { id: text(passkey.rawId), client: text(answer.clientDataJSON), authenticator: text(answer.authenticatorData), signature: text(answer.signature), ...user };
}

/** Why the server refused, in its own words where it has some. */
async function refusal(answer: Response, otherwise: string): Promise<string> {
  const said = (await answer.json().catch(() => null)) as { error?: unknown } | null;
  return answer.status === 422 || answer.status === 429 ? String(said?.error ?? otherwise) : otherwise;
}

export function startPasskey(box: HTMLElement): void {
  const form = box instanceof HTMLFormElement ? box : box.querySelector("form");
  const said = box.querySelector<HTMLElement>("[data-said]");
  const answer = form?.querySelector<HTMLInputElement>('input[name="answer"]');
  if (!form || !said || !answer) return;
  if (!("PublicKeyCredential" in window)) {
    box.hidden = true;
    return;
  }
  const texts = box.dataset;
  const say = (words: string | undefined, failed: boolean): void => {
    said.textContent = words ?? "";
    said.hidden = false;
    said.classList.toggle("is-bad", failed);
  };
  const run = async (): Promise<void> => {
    say(texts["textWaiting"], false);
    const body = new URLSearchParams([...new FormData(form)].map(([name, value]): [string, string] => [name, String(value)]));
    const told = await fetch(texts["options"] ?? "", { method: "POST", body, headers: { accept: "application/json" } });
    if (!told.ok) {
      say(await refusal(told, texts["textRefused"] ?? ""), true);
      return;
    }
    const asked = (await told.json()) as Asked;
    answer.value = JSON.stringify(await ("makes" in texts ? made(asked) : signed(asked)));
    // The password was asked for with the options; it does not travel twice.
    const password = form.querySelector<HTMLInputElement>('input[name="password"]');
    if (password) password.value = "";
    form.submit();
  };
  let busy = false;
  form.addEventListener("submit", (event) => {
    event.preventDefault();
    if (busy) return;
    busy = true;
    void run()
      .catch(() => say(texts["textFailed"], true))
      .finally(() => (busy = false));
  });
}
