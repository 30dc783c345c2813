// Sends pictures, and keeps the wall as the server has it.

import { connect } from "/cable/client.js";

const gallery = document.getElementById("gallery");
const live = document.getElementById("live");
const watching = document.getElementById("watching");

// The stream goes on from the cursor of the page as it was rendered, so nothing is missed in between; after a lost
// connection, a sleep or a restart of the server it goes on behind the last message. `?transport=websocket` in the page's
// address takes the other way.
const transport = new URLSearchParams(location.search).get("transport") === "websocket" ? "websocket" : "sse";
const cable = connect("/cable", {
  transport, token: async () => (await fetch("/token", { cache: "no-store" })).text() });
cable.subscribe("gallery", {
  after: document.body.dataset.cursor,
  presence: "gallery",
  message: ({ data }) => refresh(data.id),
  // The server no longer has what we missed: start from the page as it is now.
  gap: () => location.reload(),
  members: (members) => {
    watching.textContent = members.length === 1 ? "1 person is watching" : `${members.length} people are watching`;
  },
  status: (status) => show(status === "live" ? "live" : "reconnecting", status === "live"),
});

function show(text, isOn) {
  live.textContent = text;
  live.classList.toggle("on", isOn);
}

// An event says that a picture changed, not how it looks. Of several answers for one picture the last asked for wins.
const asked = new Map();

async function refresh(id) {
  const turn = (asked.get(id) ?? 0) + 1;
  asked.set(id, turn);
  const answer = await fetch(`/pictures/${id}`);
  if (!answer.ok || asked.get(id) !== turn) return;
  const template = document.createElement("template");
  template.innerHTML = await answer.text();
  if (asked.get(id) !== turn) return;
  const card = template.content.firstElementChild;
  card.classList.add("new");
  const old = document.getElementById(card.id);
  if (old) old.replaceWith(card);
  else gallery.prepend(card);
}

const form = document.getElementById("upload");
const drop = form.querySelector(".drop");
const file = form.elements.picture;
const preview = document.getElementById("preview");
const answer = document.getElementById("answer");

file.addEventListener("change", () => {
  URL.revokeObjectURL(preview.src);
  const picture = file.files[0];
  preview.hidden = !picture;
  if (!picture) return;
  preview.src = URL.createObjectURL(picture);
  if (!form.elements.title.value) form.elements.title.value = nameOf(picture);
});

// "still_life-2.png" makes "Still life 2".
function nameOf(picture) {
  const words = picture.name.replace(/\.[^.]*$/, "").replace(/[-_]+/g, " ").trim();
  return words.charAt(0).toUpperCase() + words.slice(1, 80);
}

for (const name of ["dragenter", "dragover"]) drop.addEventListener(name, () => drop.classList.add("over"));
for (const name of ["dragleave", "drop"]) drop.addEventListener(name, () => drop.classList.remove("over"));

form.addEventListener("submit", async (event) => {
  event.preventDefault();
  const picture = file.files[0];
  if (picture.size > 5 << 20) return say("The file is larger than 5 MiB. Save it smaller and try again.", true);
  const button = form.querySelector("button");
  button.disabled = true;
  say("Sending …", false);
  try {
    const title = encodeURIComponent(form.elements.title.value);
    const style = encodeURIComponent(form.elements.style.value);
    const response = await fetch(`/pictures?title=${title}&style=${style}`, { method: "PUT", body: picture });
    if (response.ok) {
      say("It is on its way to the wall.", false);
      form.reset();
      preview.hidden = true;
    } else {
      say((await response.json()).error ?? "The server did not take it.", true);
    }
  } catch {
    say("The picture did not reach the server. Is it running?", true);
  }
  button.disabled = false;
});

function say(text, isBad) {
  answer.textContent = text;
  answer.classList.toggle("bad", isBad);
}
