// The questionnaire as the server rendered it, the same form that residents get, taken out of its page and put into the
// app's. The page was prepared when the assignment was taken; without a worker it comes from the network. A page is one
// version: when the wave gets a later one, an interview under way goes on with its own.

export function addressOf(point, language, version) {
  return `/tablet/interview/${point}?lang=${language}&version=${version}`;
}

// -> {main, instrument, sentences, questionnaire: {code, version}, as the page says}; rejects where it is not to be had,
// or belongs to another release of the app.
export async function questionnaire(address) {
  const kept = await globalThis.caches?.match(address, { ignoreVary: true });
  const answer = kept ?? (await fetch(address));
  if (!answer.ok) throw new Error(`${address}: ${answer.status}`);
  const page = new DOMParser().parseFromString(await answer.text(), "text/html");
  const main = page.querySelector(".interview");
  if (!main) throw new Error(`${address} is not a questionnaire`);
  if (page.body.dataset.release !== document.body.dataset.release) throw new Error(`${address} is of another release`);
  const shown = { code: main.dataset.questionnaire, version: Number(main.dataset.version) };
  const tables = { instrument: table(page, "instrument"), sentences: table(page, "sentences") };
  return { main: document.importNode(main, true), ...tables, questionnaire: shown };
}

function table(page, id) {
  return JSON.parse(page.getElementById(id).textContent);
}
