// @ts-check
/** Where names stand at the ends of lines so that none covers another. */

/**
 * Places for texts of one height, as near as they can be to where they would like to stand: those that would touch
 * become a block, which stands around the mean of what its texts want (pool adjacent violators, which is the least
 * sum of squared distances under the order).
 * @param {number[]} wanted middles @param {number} height of a text @param {number} top @param {number} bottom @returns {number[]} in the order of `wanted`
 */
export function placed(wanted, height, top, bottom) {
  const order = wanted.map((_, i) => i).sort((a, b) => wanted[a] - wanted[b]);
  const room = Math.min(height, (bottom - top) / Math.max(1, wanted.length - 1)); // too many for the plot: closer than they are high
  /** @type {{sum: number, members: number[]}[]} */ const blocks = [];
  for (const [rank, i] of order.entries()) {
    blocks.push({ sum: wanted[i] - rank * room, members: [i] });
    while (blocks.length > 1 && at(blocks[blocks.length - 2]) > at(blocks[blocks.length - 1])) {
      const last = /** @type {{sum: number, members: number[]}} */ (blocks.pop());
      const before = blocks[blocks.length - 1];
      before.sum += last.sum;
      before.members.push(...last.members);
    }
  }
  const places = new Array(wanted.length).fill(0);
  let rank = 0;
  const most = bottom - (wanted.length - 1) * room;
  for (const block of blocks) {
    const start = Math.max(top, Math.min(most, at(block)));
    for (const i of block.members) places[i] = start + rank++ * room;
  }
  return places;
}

/** @param {{sum: number, members: number[]}} block */
const at = ({ sum, members }) => sum / members.length;
