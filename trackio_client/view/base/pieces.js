// @ts-check
/** Words out of the pieces that tokenizers make of them: WordPiece marks what goes on ("##ing"), others what begins
 * ("▁word", "Ġword"). Tokens that are whole words stand with a space between them. */

const BEGINS = /^[▁Ġ]/;
const GOES_ON = /^##(?=.)/;

/** Whether these are pieces of the second kind: then a token without a mark goes on. @param {string[]} tokens */
const marksBeginnings = (tokens) => tokens.some((token) => BEGINS.test(token));

/** The space before each token, "" or " ", and the token without its mark. @param {string[]} tokens @returns {{gap: string, text: string}[]} */
export function piecesOf(tokens) {
  const begins = marksBeginnings(tokens);
  return tokens.map((token, i) => {
    const goesOn = begins ? !BEGINS.test(token) : GOES_ON.test(token);
    // A word that was put together by a tokenizer without a decoder holds the marks of its pieces.
    const text = begins ? token.replace(BEGINS, "") : token.replace(GOES_ON, "").replace(/ ##(?=\S)/g, "");
    return { gap: i && !goesOn ? " " : "", text };
  });
}

/** Some of them as one text, without the space before the first. @param {{gap: string, text: string}[]} pieces @param {number} from @param {number} to */
export const textOf = (pieces, from, to) => pieces.slice(from, to).map(({ gap, text }, i) => (i ? gap : "") + text).join("");
