/** The plots of a soak run. */
import { expect, test } from "bun:test";
import { drawPlots } from "../../soak/plot.ts";

const drawn = drawPlots({
  title: "A run",
  seconds: 120,
  plots: [
    {
      title: "Plot",
      lines: [
        {
          name: "p50",
          points: [
            [0, 100],
            [120, 100],
          ],
        },
        {
          name: "p99",
          points: [
            [0, 100],
            [60, 10_000],
          ],
        },
      ],
      scale: { logarithmicFrom: 100 },
      format: (value) => `${value} ms`,
    },
  ],
  marks: [
    { at: 60, sign: "A" },
    { at: 30, until: 60, sign: "B" },
  ],
  notes: ["A <first>, B second"],
});

test("a line goes from the left to the right, and from the bottom to the top", () => {
  expect(drawn).toContain('d="M64.0 150.0L864.0 150.0"');
  expect(drawn).toContain('d="M64.0 150.0L464.0 40.0"');
});

test("what was done stands where it was done, with its sign and as long as it lasted", () => {
  expect(drawn).toContain('d="M464.0 40V154"');
  expect(drawn).toMatch(/<rect class="while" x="264\.0" y="40" width="200\.0"/);
  expect(drawn.match(/>[AB]<\/text>/g)).toEqual([">A</text>", ">B</text>"]);
});

test("text is text", () => {
  expect(drawn).toContain("A &lt;first>, B second");
});
