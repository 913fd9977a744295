// @ts-check
/** Whole files of a dataset repo, by plain GET from a page of another origin; and in words what went wrong.
 *
 * No Range, no HEAD and, without a log-in, no header of our own: each would cost a question before the question (CORS), and
 * behind the Hub's redirect to another host they fail. Of an answer's headers only X-Error-Code may be read here; how
 * long to wait after a 429 may not, so the waits are ours.
 */
import { SourceError } from "./source.js";

const TIMEOUT_S = 30;
const BUSY_S = 60; // after a 429: the Hub counts in windows of five minutes

export class HubFiles {
  /** @param {{repo: string, endpoint?: string, private?: boolean, fetch?: typeof fetch}} where of a private repo nothing is asked without a log-in */
  constructor({ repo, endpoint = "https://huggingface.co", private: closed = false, fetch: ask = globalThis.fetch.bind(globalThis) }) {
    this.repo = repo;
    this.endpoint = endpoint;
    this.closed = closed;
    this.fetch = ask;
    this.token = /** @type {string | null} */ (null); // of a log-in; it lives here and nowhere else
    /** Answers that are under way since before this script ran, by path. @type {Map<string, Promise<Response>>} */
    this.early = new Map();
  }

  /** @param {string} path @returns {string} */
  address(path) {
    return `${this.endpoint}/datasets/${this.repo}/resolve/main/${path.split("/").map(encodeURIComponent).join("/")}`;
  }

  /** A file as it is now; the browser sends what it has of it, so an unchanged one costs nothing. Throws SourceError.
   * @param {string} path @returns {Promise<ArrayBuffer>} */
  async get(path) {
    if (this.closed && !this.token) throw closed(this.repo);
    const timer = new AbortController();
    const late = setTimeout(() => timer.abort(), TIMEOUT_S * 1000);
    try {
      const response = await this.#ask(path, timer.signal);
      if (!response.ok) throw this.#problem(response, path);
      return await response.arrayBuffer();
    } catch (error) {
      if (error instanceof SourceError) throw error;
      const detail = timer.signal.aborted ? `Waited ${TIMEOUT_S} s.` : "";
      throw new SourceError({ title: "No answer from the Hub.", detail, hint: "Are you connected, and does your network let this page reach it?" });
    } finally {
      clearTimeout(late);
    }
  }

  /** @param {string} path @param {AbortSignal} signal @returns {Promise<Response>} */
  async #ask(path, signal) {
    const early = this.early.get(path);
    this.early.delete(path);
    if (early) {
      const response = await early.catch(() => null); // asked once more below
      if (response?.ok) return response;
    }
    const headers = this.token ? { Authorization: `Bearer ${this.token}` } : undefined;
    return this.fetch(this.address(path), { headers, signal, cache: "no-cache", credentials: "omit", referrerPolicy: "no-referrer" });
  }

  /** @param {Response} response @param {string} path */
  #problem(response, path) {
    const { status } = response;
    const code = response.headers.get("X-Error-Code") ?? "";
    const repo = `“${this.repo}”`;
    if (status === 429) {
      return new SourceError({ status, title: "The Hub asks to wait.", detail: "Too many requests came from your network or account within five minutes.", hint: "What is drawn stays.", retry_s: BUSY_S });
    }
    if (status === 401 && this.token) {
      return new SourceError({ status, type: "ended", title: "Your log-in has ended.", detail: "The Hub no longer takes it.", hint: "Log in again." });
    }
    if (status === 401 || (status === 403 && !this.token)) {
      return closed(this.repo);
    }
    if (status === 403) {
      return new SourceError({ status, type: "refused", title: `Your account may not read ${repo}.`, detail: "The Hub refused (403).", hint: "Ask its owner to let you in, or log in with another account." });
    }
    if (status === 404 && code !== "EntryNotFound" && code !== "RevisionNotFound") {
      const title = this.token ? "There is no such dataset, or your account may not see it." : "There is no such dataset.";
      return new SourceError({ status: 403, type: "absent", title, detail: `The Hub does not know ${repo}.`, hint: "Check its name there. If it was renamed, deploy this page again." });
    }
    if (status === 404) return new SourceError({ status, type: "missing", title: `${repo} has no ${path}.`, detail: "", hint: "" });
    return new SourceError({ status, title: `The Hub answers with an error (${status}).`, hint: "It is asked again by itself." });
  }
}

/** @param {string} repo */
function closed(repo) {
  return new SourceError({ status: 401, type: "closed", title: `“${repo}” opens with a log-in only.`, detail: "It is private, or there is no such dataset: the Hub does not tell strangers which." });
}

/** What head and lists call a file's content: hub/files/lists.py computes the same. @param {ArrayBuffer} bytes */
export async function hashOf(bytes) {
  const digest = new Uint8Array(await crypto.subtle.digest("SHA-256", bytes));
  return [...digest.subarray(0, 8)].map((byte) => byte.toString(16).padStart(2, "0")).join("");
}
