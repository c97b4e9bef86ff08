/* The toy's run time: content finds `Toy` one window up. */
(() => {
  "use strict";
  const player = window.passbackPlayer;
  window.Toy = {
    seen: () => player.boot.content.pages.seen,
    mode: () => player.boot.mode,
    learner: () => player.boot.learner.name,
    page: (page, of) => player.record("toy.page", { page, of }, { activity: player.boot.activity }),
    score: (scaled) => player.record("toy.score", { scaled }, { urgent: true, activity: player.boot.activity }),
    end: () => {
      player.record("toy.end", {}, { urgent: true, activity: player.boot.activity });
      player.finished({ reason: "end" });
    },
  };
})();
