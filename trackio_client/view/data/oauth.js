// @ts-check
/**
 * Log-in with a Hugging Face account, by a page that can keep no secret: OAuth with PKCE (RFC 7636).
 *
 * The token lives in memory: a reload forgets it, and one click brings a new one. What must survive the way to the Hub
 * and back – a random state, the verifier, where on the page one was – lies in sessionStorage for that minute.
 */
const KEPT = "trackio log-in";
const SCOPE = "openid profile read-repos";

/** What to say to the reader when a log-in does not work. */
export class LoginError extends Error {}

/** The client that the Hub made for this Space, or null: the page is not in a static Space with `hf_oauth: true`.
 * @param {string} endpoint @returns {{client_id: string, endpoint: string} | null} */
export function clientHere(endpoint) {
  const client_id = /** @type {any} */ (globalThis).huggingface?.variables?.OAUTH_CLIENT_ID;
  return client_id ? { client_id, endpoint } : null;
}

/** Whether the page stands inside another: the Hub's log-in page does not open there. */
export const isFramed = () => globalThis.top !== globalThis.self;

/** Leave for the Hub's log-in page. @param {{client_id: string, endpoint: string}} client */
export async function leave({ client_id, endpoint }) {
  const verifier = text(crypto.getRandomValues(new Uint8Array(48)));
  const state = text(crypto.getRandomValues(new Uint8Array(24)));
  const digest = await crypto.subtle.digest("SHA-256", new TextEncoder().encode(verifier));
  sessionStorage.setItem(KEPT, JSON.stringify({ state, verifier, back: location.search + location.hash }));
  const asked = { client_id, scope: SCOPE, redirect_uri: here(), response_type: "code", state, code_challenge: text(new Uint8Array(digest)), code_challenge_method: "S256" };
  location.assign(`${endpoint}/oauth/authorize?${new URLSearchParams(asked)}`);
}

/** Back from the Hub? Then the address is made what it was before anything else reads it, and a token is fetched.
 * @param {{client_id: string, endpoint: string} | null} client @param {typeof fetch} [ask]
 * @returns {Promise<string | null>} the token; null: nobody was logging in. Throws LoginError. */
export async function comeBack(client, ask = globalThis.fetch.bind(globalThis)) {
  const said = new URLSearchParams(location.search);
  if (!said.has("state") || !(said.has("code") || said.has("error"))) return null;
  const kept = taken();
  history.replaceState(null, "", location.pathname + (kept?.back ?? ""));
  if (!kept || kept.state !== said.get("state")) throw new LoginError("This answer belongs to no log-in of this page. Log in once more.");
  if (said.get("error") === "access_denied") throw new LoginError("You did not allow it, so nothing can be read.");
  if (said.has("error")) throw new LoginError(`The Hub refused the log-in: ${said.get("error_description") ?? said.get("error")}.`);
  if (!client) throw new LoginError("The Hub gave this page no client id. Is it still a Space with hf_oauth: true?");
  const form = { grant_type: "authorization_code", client_id: client.client_id, code: said.get("code") ?? "", redirect_uri: here(), code_verifier: kept.verifier };
  let response;
  try {
    response = await ask(`${client.endpoint}/oauth/token`, { method: "POST", body: new URLSearchParams(form), credentials: "omit", referrerPolicy: "no-referrer" });
  } catch {
    throw new LoginError("No answer from the Hub. Are you connected? Log in once more.");
  }
  const told = await response.json().catch(() => ({}));
  if (!response.ok || typeof told.access_token !== "string") throw new LoginError(`The Hub gave no key (${told.error_description ?? told.error ?? response.status}). Log in once more.`);
  return told.access_token;
}

/** What was kept for the way, once. @returns {{state: string, verifier: string, back: string} | null} */
function taken() {
  try {
    const kept = JSON.parse(sessionStorage.getItem(KEPT) ?? "null");
    sessionStorage.removeItem(KEPT);
    return kept;
  } catch {
    return null;
  }
}

/** Where the Hub sends the reader back to. */
const here = () => location.origin + location.pathname;

/** Bytes as base64 for addresses. @param {Uint8Array} bytes */
const text = (bytes) => btoa(String.fromCharCode(...bytes)).replaceAll("+", "-").replaceAll("/", "_").replaceAll("=", "");
