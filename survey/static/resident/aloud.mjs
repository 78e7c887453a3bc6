// Beside each question a button that reads it aloud. Fetched when somebody wants it; then the first question is read.

export function readFrom(form, voice) {
  const speech = window.speechSynthesis;
  const { lang } = document.documentElement;
  let pressed = null;

  function stop() {
    if (pressed) pressed.setAttribute("aria-pressed", "false");
    pressed = null;
    speech.cancel();
  }

  function read(button) {
    const again = button === pressed;
    stop();
    if (again) return;
    pressed = button;
    button.setAttribute("aria-pressed", "true");
    // One after the other: some voices fall silent in the middle of a long text.
    const parts = [...button.parentNode.querySelectorAll("legend, .hint, label > span")].filter(({ offsetParent }) => offsetParent);
    for (const part of parts) {
      const words = new SpeechSynthesisUtterance(part.textContent);
      Object.assign(words, { lang, voice, rate: 0.9 });
      if (part === parts[parts.length - 1]) words.onend = () => button === pressed && stop();
      speech.speak(words);
    }
  }

  const whole = document.getElementById("aloud");
  const label = whole.textContent;
  for (const legend of form.querySelectorAll(".item legend")) {
    const button = document.createElement("button");
    Object.assign(button, { type: "button", className: "read", textContent: label });
    button.setAttribute("aria-pressed", "false");
    button.setAttribute("aria-label", `${label} ${legend.textContent.trim()}`);
    button.addEventListener("click", () => read(button));
    legend.after(button);
  }
  addEventListener("pagehide", stop);
  const first = form.querySelector(".item:not([hidden]) .read");
  whole.hidden = true;
  window.speechSynthesis.onvoiceschanged = null;
  first.focus();
  read(first);
}
