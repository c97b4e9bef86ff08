window.top.location.replace(document.getElementById("chosen").href);
