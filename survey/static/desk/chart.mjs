// The interactive chart of a list of areas, drawn when somebody opens it. The table beside it needs no script.

const place = document.getElementById("figure");

if (place) {
  place.hidden = false;
  place.addEventListener("toggle", () => place.open && draw(), { once: true });
}

async function draw() {
  const status = place.querySelector("p");
  const target = place.querySelector("div");
  status.textContent = status.dataset.wait;
  try {
    const address = new URL(place.dataset.figure, location.href);
    address.searchParams.set("width", target.clientWidth);
    address.searchParams.set("theme", matchMedia("(prefers-color-scheme: dark)").matches ? "dark" : "light");
    const [answer] = await Promise.all([fetch(address), load(place.dataset.plotly)]);
    if (!answer.ok) throw new Error(answer.status);
    const figure = await answer.json();
    await Plotly.newPlot(target, figure.data, figure.layout, { responsive: true, displayModeBar: false });
    status.textContent = "";
  } catch {
    status.textContent = status.dataset.failed;
  }
}

function load(source) {
  return new Promise((resolve, reject) => {
    document.head.append(Object.assign(document.createElement("script"), { src: source, onload: resolve, onerror: reject }));
  });
}
