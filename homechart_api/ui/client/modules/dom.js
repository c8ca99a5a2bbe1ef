// Small things that every part of the page does. Whatever people wrote is only ever put in as text.

/** The element with an id. */
export const byID = (id) => document.getElementById(id);

/** A copy of the only element in a template. */
export function copyOf(template) {
  return byID(template).content.firstElementChild.cloneNode(true);
}

/** The first letters of a name's first and last words. */
export function initials(name) {
  const words = name.trim().split(/\s+/);
  return [words[0], ...words.slice(1).slice(-1)].map((word) => [...word][0] ?? "").join("").toUpperCase();
}

/**
 * Send a form with `send`, which is given its fields. What the browser or the server finds wrong with them is shown
 * below them in words; a form cannot be sent twice at a time.
 */
export function onSubmit(form, send) {
  const wrong = form.querySelector(".wrong");
  form.addEventListener("submit", async (event) => {
    event.preventDefault();
    if (form.getAttribute("aria-busy") === "true") {
      return;
    }
    wrong.textContent = "";
    const invalid = [...form.elements].filter((field) => mark(field));
    if (invalid.length) {
      wrong.textContent = complaint(invalid[0]);
      invalid[0].focus();
      return;
    }
    form.setAttribute("aria-busy", "true");
    try {
      await send(Object.fromEntries(new FormData(form)));
    } catch (failure) {
      wrong.textContent = failure.message;
    } finally {
      form.setAttribute("aria-busy", "false");
    }
  });
  form.addEventListener("input", ({ target }) => target.removeAttribute("aria-invalid"));
}

function mark(field) {
  const invalid = !field.validity.valid;
  if (invalid) {
    field.setAttribute("aria-invalid", "true");
  }
  return invalid;
}

function complaint(field) {
  const name = field.labels[0].firstChild.textContent.trim();
  if (field.validity.valueMissing) {
    return `“${name}” is missing.`;
  }
  if (field.validity.tooShort) {
    return `“${name}” needs at least ${field.minLength} characters.`;
  }
  return `“${name}” does not look right.`;
}
