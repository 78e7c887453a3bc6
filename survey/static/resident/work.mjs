// The work that a page asks for while very many forms arrive at its point: find a number such that SHA-256 of the
// page's token, a colon and the number begins with so many zero bits. survey/domain/stuffing.py says when and how many.
//
//   import("./work.mjs").then(({ work }) => work(form))             as soon as the page is there: form.dataset.work bits
//   import("./work.mjs").then(({ work }) => work(form, told.bits))  when an answer said so: {"work": {"bits": …}}
//
// The promise is kept when the form's hidden _work holds the number. The browser's own SHA-256 takes longer to be called
// than a round takes here, and is missing without TLS. The token's whole blocks are taken in once, and zeros in front of
// the number fill the block that it would else run over, so a try is one round. The page gets its turn between slices.

const SLICE = 10; // milliseconds
const DIGITS = 8;
const BLOCK = 64; // bytes
const ENDING = 9; // bytes: the bit after the text, and the length

export async function work(form, bits = Number(form.dataset.work)) {
  const number = await solve(form.elements._token.value, bits);
  let field = form.elements._work;
  if (!field) {
    field = document.createElement("input");
    field.type = "hidden";
    field.name = "_work";
    form.append(field);
  }
  field.value = number;
}

export async function solve(token, bits, rest = () => new Promise((done) => setTimeout(done, 0))) {
  let text = `${token}:`;
  const over = text.length % BLOCK;
  const zeros = over + DIGITS + ENDING > BLOCK ? "0".repeat(BLOCK - over) : "";
  text += zeros;
  const whole = text.length - (text.length % BLOCK);
  let state = Int32Array.from(fractions(8, 1 / 2));
  const rounds = Int32Array.from(fractions(64, 1 / 3));
  for (let start = 0; start < whole; start += BLOCK) {
    state = compressed(state, words(text.slice(start, start + BLOCK)), rounds);
  }
  const before = text.length - whole;
  const last = words(`${text.slice(whole)}${"0".repeat(DIGITS)}\x80`);
  last[15] = (text.length + DIGITS) * 8;
  const digits = new Uint8Array(DIGITS);
  for (;;) {
    const end = Date.now() + SLICE;
    while (Date.now() < end) {
      for (let tries = 0; tries < 100; tries += 1) {
        const found = compressed(state, last, rounds);
        if (Math.clz32(found[0]) >= bits) return zeros + digits.join("");
        count(digits, last, before);
      }
    }
    await rest();
  }
}

// The next number, in the digits and in the words of the last block.
function count(digits, last, before) {
  for (let at = DIGITS - 1; at >= 0; at -= 1) {
    const place = before + at;
    const one = 1 << (24 - 8 * (place % 4));
    if (digits[at] < 9) {
      digits[at] += 1;
      last[place >> 2] += one;
      return;
    }
    digits[at] = 0;
    last[place >> 2] -= 9 * one;
  }
}

function words(text) {
  const made = new Int32Array(16);
  for (let at = 0; at < text.length; at += 1) made[at >> 2] |= text.charCodeAt(at) << (24 - 8 * (at % 4));
  return made;
}

// FIPS 180-4: the constants are the first 32 bits of the fractional parts of roots of the first primes.
function fractions(many, power) {
  const found = [];
  for (let number = 2; found.length < many; number += 1) {
    let prime = true;
    for (let by = 2; by * by <= number; by += 1) if (number % by === 0) prime = false;
    if (prime) found.push((number ** power % 1) * 2 ** 32 | 0);
  }
  return found;
}

const schedule = new Int32Array(64);

function compressed(state, block, rounds) {
  schedule.set(block);
  for (let at = 16; at < 64; at += 1) {
    const early = schedule[at - 15];
    const late = schedule[at - 2];
    const s0 = ((early >>> 7) | (early << 25)) ^ ((early >>> 18) | (early << 14)) ^ (early >>> 3);
    const s1 = ((late >>> 17) | (late << 15)) ^ ((late >>> 19) | (late << 13)) ^ (late >>> 10);
    schedule[at] = schedule[at - 16] + s0 + schedule[at - 7] + s1;
  }
  let [a, b, c, d, e, f, g, h] = state;
  for (let at = 0; at < 64; at += 1) {
    const s1 = ((e >>> 6) | (e << 26)) ^ ((e >>> 11) | (e << 21)) ^ ((e >>> 25) | (e << 7));
    const one = (h + s1 + ((e & f) ^ (~e & g)) + rounds[at] + schedule[at]) | 0;
    const s0 = ((a >>> 2) | (a << 30)) ^ ((a >>> 13) | (a << 19)) ^ ((a >>> 22) | (a << 10));
    const two = (s0 + ((a & b) ^ (a & c) ^ (b & c))) | 0;
    h = g;
    g = f;
    f = e;
    e = (d + one) | 0;
    d = c;
    c = b;
    b = a;
    a = (one + two) | 0;
  }
  return Int32Array.of(state[0] + a, state[1] + b, state[2] + c, state[3] + d, state[4] + e, state[5] + f, state[6] + g, state[7] + h);
}
