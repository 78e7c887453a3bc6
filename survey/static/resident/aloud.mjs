// Beside each question a button that reads it aloud. Fetched where the phone has a voice for the page's language.

export function offerReading(form, voice) {
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

  for (const legend of form.querySelectorAll(".item legend")) {
    const button = document.createElement("button");
    Object.assign(button, { type: "button", className: "read", textContent: form.dataset.read });
    button.setAttribute("aria-pressed", "false");
    button.setAttribute("aria-label", `${form.dataset.read} ${legend.textContent.trim()}`);
    button.addEventListener("click", () => read(button));
    legend.after(button);
  }
  addEventListener("pagehide", stop);
}
