// Keeps an activity's time limit (see limits.py): warns, says when the time is over, and closes the content where the
// manifest says so. What the content says while it is taken away completes nothing by itself.
"use strict";
(() => {
  const player = globalThis.passbackPlayer;
  if (!player?.boot) return;
  const LONGEST = 2 ** 31 - 1; // ms; browsers fire longer timers at once
  let timers = [];

  const later = (seconds, act) => {
    if (seconds * 1000 <= LONGEST) timers.push(setTimeout(act, seconds * 1000));
  };
  const spoken = (seconds) => (seconds >= 60 ? `${Math.round(seconds / 60)} min` : `${Math.round(seconds)} s`);

  const end = ({ over, request }, activity) => {
    globalThis.PassbackScorm.closing = true;
    const onward = () => player.proceed("scorm.navigate", { request, target: "", timeout: true }, { activity });
    player.close(over, request ? onward : null);
  };

  const watch = ({ content, activity }) => {
    timers.forEach(clearTimeout);
    timers = [];
    globalThis.PassbackScorm.closing = false;
    const { limit } = content;
    if (!limit || content.mode !== "normal") return;
    const warn = () => player.notify(limit.soon.replace("{left}", spoken(limit.before)));
    if (limit.before > 0) later(limit.left - limit.before, warn);
    later(limit.left, () => (limit.exit ? end(limit, activity) : player.notify(limit.over)));
  };
  watch(player.boot);
  player.onFurnished(watch);
})();
