// @ts-check
/** Words for the clipboard that are still on their way. */
import { toast } from "./toast.js";

/** Put them there once they are here, and say so. Browsers let a page write only in answer to a press, which a wait would outlast:
 * they get the promise at once. @param {Promise<string>} words @param {string | ((words: string) => string)} told */
export async function copyComing(words, told) {
  try {
    if (navigator.clipboard.write && globalThis.ClipboardItem) {
      await navigator.clipboard.write([new ClipboardItem({ "text/plain": words.then((each) => new Blob([each], { type: "text/plain" })) })]);
    } else await navigator.clipboard.writeText(await words);
  } catch {
    window.prompt("Copy with Ctrl+C", await words); // clipboards are closed to pages without https
    return;
  }
  toast(typeof told === "string" ? told : told(await words));
}
