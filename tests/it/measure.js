// What a person sees of a report: nothing beyond the window, nothing too pale to be read, and how much there is of it.
(() => {
  const seen = (e) => {
    const box = e.getBoundingClientRect();
    return box.width > 0 && box.height > 0 && e.checkVisibility({ contentVisibilityAuto: true, visibilityProperty: true });
  };
  const count = (selector) => [...document.querySelectorAll(selector)].filter(seen).length;
  const all = [...document.querySelectorAll("body *")].filter(seen);
  const outside = all
    .filter((e) => !e.closest(".scroll > *, nav > *"))
    .filter((e) => e.getBoundingClientRect().right > innerWidth + 1)
    .map((e) => `${e.tagName}.${e.className}`);
  const part = (value) => (value <= 0.03928 ? value / 12.92 : ((value + 0.055) / 1.055) ** 2.4);
  const light = (rgb) => {
    const [r, g, b] = rgb.match(/[\d.]+/g).map((text) => part(Number(text) / 255));
    return 0.2126 * r + 0.7152 * g + 0.0722 * b;
  };
  const ground = (e) => {
    for (let at = e; at; at = at.parentElement) {
      const colour = getComputedStyle(at).backgroundColor;
      if (colour !== "rgba(0, 0, 0, 0)" && colour !== "transparent") return colour;
    }
    return "rgb(255, 255, 255)";
  };
  const said = (e) => [...e.childNodes].some((node) => node.nodeType === 3 && node.data.trim());
  const pale = new Set();
  for (const e of all.filter(said)) {
    const style = getComputedStyle(e);
    const ink = e instanceof SVGElement ? style.fill : style.color;
    const [a, b] = [light(ink), light(ground(e))].sort((x, y) => y - x);
    const contrast = (a + 0.05) / (b + 0.05);
    if (contrast < 4.5) pale.add(`${e.tagName}.${e.getAttribute("class")} ${ink} ${contrast.toFixed(2)}`);
  }
  return {
    overflow: document.documentElement.scrollWidth - document.documentElement.clientWidth,
    outside: [...new Set(outside)],
    pale: [...pale],
    bars: count(".gantt .bar"),
    boxes: count(".dag .box"),
    edges: document.querySelectorAll(".dag .edge").length,
    changes: count(".change"),
    figures: count(".figure"),
    background: getComputedStyle(document.body).backgroundColor,
    text: document.body.innerText,
  };
})()
