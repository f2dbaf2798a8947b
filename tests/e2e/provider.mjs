// A provider of identities that is not ours (npm oidc-provider), for one client that comes back to `origin`. Whoever types a name there is
// recognised under it.
import { Provider } from "oidc-provider";
import { freePort } from "./server.mjs";

export const CLIENT = "ganglion";
export const SECRET = "secret of the tests & nothing else";

/** Starts it; gives its address and how it is stopped. */
export async function startProvider(origin) {
  const issuer = `http://127.0.0.1:${await freePort()}`;
  const provider = new Provider(issuer, {
    clients: [{ client_id: CLIENT, client_secret: SECRET, redirect_uris: [`${origin}/sign-in/openid/back`], grant_types: ["authorization_code"], response_types: ["code"] }],
    cookies: { keys: ["a key of the tests"] },
  });
  const server = provider.listen(Number(new URL(issuer).port), "127.0.0.1");
  await new Promise((resolve, reject) => server.once("listening", resolve).once("error", reject));
  const stop = () => new Promise((resolve) => {
    server.close(resolve);
    server.closeAllConnections();
  });
  return { issuer, stop };
}
