// Runs before the first paint, so that a dark page does not flash in light. app.js takes over.
try {
  const { theme } = JSON.parse(localStorage.getItem("livestt") ?? "{}");
  if (theme === "light" || theme === "dark") document.documentElement.dataset.theme = theme;
} catch {
  // Forbidden or broken storage means the system's theme.
}
