// TensorBoard's own typeface, where it has one: the tab reads as a part of the page around it.

/** Takes over the parent's Roboto; without it the system's typeface stays. */
export async function borrowFont(family = "Roboto") {
  const faces = facesOf(family);
  for (const face of faces) document.fonts.add(face);
  await Promise.allSettled(faces.map((face) => (/^(400|500|normal)$/.test(face.weight) ? face.load() : null)));
}

function facesOf(family) {
  try {
    if (window.parent === window) return [];
    return [...window.parent.document.styleSheets].flatMap((sheet) => [...rulesOf(sheet)].map((rule) => faceOf(rule, sheet, family)).filter(Boolean));
  } catch {
    return []; // a page of another origin holds us
  }
}

function rulesOf(sheet) {
  try {
    return sheet.cssRules;
  } catch {
    return []; // a style sheet of another origin
  }
}

function faceOf(rule, sheet, family) {
  if (!(rule.type === CSSRule.FONT_FACE_RULE) || rule.style.getPropertyValue("font-family").replace(/["']/g, "") !== family) return null;
  const base = sheet.href ?? window.parent.document.baseURI;
  const source = rule.style.getPropertyValue("src").replace(/url\((["']?)(.*?)\1\)/g, (_, quote, url) => `url("${new URL(url, base)}")`);
  const read = (name, otherwise) => rule.style.getPropertyValue(name) || otherwise;
  return new FontFace(family, source, {
    weight: read("font-weight", "400"), style: read("font-style", "normal"), unicodeRange: read("unicode-range", "U+0-10FFFF"),
  });
}
