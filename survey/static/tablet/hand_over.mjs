// The person answers alone: nothing on the screen leads anywhere but through the questions, and the way back to the rest
// of the app leads past the volunteer's PIN.
import { reveal } from "./words.mjs";

export const handOver = {
  show(main, { phase }) {
    const alone = phase === "alone";
    main.classList.toggle("alone", alone);
    reveal(main, "[data-break]", !alone);
    reveal(main, "[data-stop]", alone);
  },
  thank(main, how) {
    for (const text of main.querySelectorAll("[data-after]")) text.hidden = text.dataset.after !== how;
  },
};
