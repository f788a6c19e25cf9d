// What a page does besides being read: values under the pointer, fresh content, everything open when printed.
// Every page is complete without it.
"use strict";

const EVERY = 30000;

// --- values of a chart, by pointer or by arrow keys ---------------------------------------------------------

function follow(chart) {
  const spots = JSON.parse(chart.dataset.spots);
  if (!spots.length) return;
  const readout = document.createElement("p");
  readout.className = "readout";
  readout.setAttribute("aria-live", "polite");
  chart.after(readout);
  const cursor = document.createElementNS("http://www.w3.org/2000/svg", "line");
  cursor.setAttribute("class", "cursor");
  const [top, foot] = chart.dataset.span.split(" ");
  cursor.setAttribute("y1", top);
  cursor.setAttribute("y2", foot);
  let at = spots.length - 1;

  function show(place) {
    at = Math.max(0, Math.min(spots.length - 1, place));
    const [x, words] = spots[at];
    cursor.setAttribute("x1", x);
    cursor.setAttribute("x2", x);
    if (!cursor.isConnected) chart.append(cursor);
    readout.textContent = words;
  }
  function hide() {
    cursor.remove();
    readout.textContent = "";
  }
  function nearest(event) {
    const box = chart.getBoundingClientRect();
    const x = ((event.clientX - box.left) / box.width) * chart.viewBox.baseVal.width;
    let low = 0;
    let high = spots.length - 1;
    while (high - low > 1) {
      const middle = (low + high) >> 1;
      if (spots[middle][0] < x) low = middle;
      else high = middle;
    }
    return x - spots[low][0] < spots[high][0] - x ? low : high;
  }
  const steps = { ArrowLeft: -1, ArrowRight: 1, PageUp: -20, PageDown: 20, Home: -Infinity, End: Infinity };

  chart.setAttribute("tabindex", "0");
  chart.addEventListener("pointermove", (event) => show(nearest(event)));
  chart.addEventListener("pointerleave", hide);
  chart.addEventListener("focus", () => show(at));
  chart.addEventListener("blur", hide);
  chart.addEventListener("keydown", (event) => {
    if (!(event.key in steps)) return;
    event.preventDefault();
    show(at + steps[event.key]);
  });
}

// --- fresh content ------------------------------------------------------------------------------------------

const news = document.getElementById("news");
let timer = 0;

function isBusy(main) {
  const active = document.activeElement;
  const reading = String(window.getSelection()) !== "";
  return reading || (active !== null && active !== main && main.contains(active));
}

async function renew(main) {
  const answer = await fetch(window.location.href, { headers: { Accept: "text/html" } });
  if (!answer.ok || answer.redirected) return;
  const page = new DOMParser().parseFromString(await answer.text(), "text/html");
  const fresh = page.getElementById("main");
  for (const kept of main.querySelectorAll("details[id][open]")) {
    const same = fresh.querySelector(`#${CSS.escape(kept.id)}`);
    if (same) same.open = true;
  }
  main.replaceChildren(...fresh.childNodes);
  main.dataset.stamp = fresh.dataset.stamp;
  document.title = page.title;
  begin(main);
}

async function look() {
  const main = document.getElementById("main");
  try {
    const answer = await fetch("/status", { headers: { Accept: "application/json" } });
    if (!answer.ok) throw new Error(String(answer.status));
    const { stamp } = await answer.json();
    if (news.dataset.kind === "silent") news.textContent = "";
    if (stamp === main.dataset.stamp) return;
    if (isBusy(main)) {
      news.dataset.kind = "news";
      news.textContent = "There is news: load the page again to see it.";
    } else {
      news.textContent = "";
      await renew(main);
    }
  } catch {
    news.dataset.kind = "silent";
    news.textContent = `The service has not answered since ${new Date().toLocaleTimeString()}. What stands here is from before.`;
  }
}

function keepLooking() {
  window.clearInterval(timer);
  if (document.hidden || !("stamp" in document.getElementById("main").dataset)) return;
  timer = window.setInterval(look, EVERY);
}

// --- all of it ----------------------------------------------------------------------------------------------

function begin(main) {
  main.querySelectorAll("svg[data-spots]").forEach(follow);
  for (const time of main.querySelectorAll("time[datetime]")) {
    time.title = `${new Date(time.dateTime).toLocaleString()} here`;
  }
}

window.addEventListener("beforeprint", () => {
  document.querySelectorAll("main details:not(.confirm)").forEach((closed) => { closed.open = true; });
});
document.addEventListener("visibilitychange", () => {
  keepLooking();
  if (!document.hidden && "stamp" in document.getElementById("main").dataset) look();
});
begin(document.getElementById("main"));
keepLooking();
