// The questionnaire as the server rendered it, the same form that residents get, taken out of its page and put into the
// app's. The page was prepared when the assignment was taken; without a worker it comes from the network.

// -> {main, instrument, sentences}; rejects where it is not to be had, or belongs to another release of the app.
export async function questionnaire(code, language) {
  const address = `/tablet/interview/${code}?lang=${language}`;
  const kept = await globalThis.caches?.match(address, { ignoreVary: true });
  const answer = kept ?? (await fetch(address));
  if (!answer.ok) throw new Error(`${address}: ${answer.status}`);
  const page = new DOMParser().parseFromString(await answer.text(), "text/html");
  const main = page.querySelector(".interview");
  if (!main) throw new Error(`${address} is not a questionnaire`);
  if (page.body.dataset.release !== document.body.dataset.release) throw new Error(`${address} is of another release`);
  return { main: document.importNode(main, true), instrument: table(page, "instrument"), sentences: table(page, "sentences") };
}

function table(page, id) {
  return JSON.parse(page.getElementById(id).textContent);
}
