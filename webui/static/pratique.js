// Niceties only: every page works without this file. It writes no HTML, only text.

// Times also in the reader's own time zone, where they are pointed at or asked for.
const local = new Intl.DateTimeFormat(undefined, { dateStyle: "medium", timeStyle: "short" });
for (const time of document.querySelectorAll("time[datetime]")) {
  const moment = new Date(time.dateTime);
  if (!Number.isNaN(moment.valueOf())) {
    const utc = time.title || time.textContent.trim();
    time.title = `${local.format(moment)} (${utc})`;
  }
}

// A reason that was typed is not lost by leaving the page by mistake.
const reason = document.querySelector(".decision textarea");
if (reason) {
  const first = reason.value;
  let sending = false;
  reason.form.addEventListener("submit", () => {
    sending = true;
  });
  window.addEventListener("beforeunload", (event) => {
    if (!sending && reason.value.trim() && reason.value !== first) {
      event.preventDefault();
    }
  });
}
