// Runs before the first paint, so that a dark page does not flash in light. app.js takes over.
try {
  const { theme, contrast } = JSON.parse(localStorage.getItem("livestt") ?? "{}");
  const { dataset } = document.documentElement;
  if (theme === "light" || theme === "dark") dataset.theme = theme;
  if (contrast === true) dataset.contrast = "more";
} catch {
  // Forbidden or broken storage means the system's theme.
}
