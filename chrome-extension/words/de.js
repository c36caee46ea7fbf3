/** German. @type {import("../words.js").Words} */
export const de = {
  emptyTitle: "Einen Tab untertiteln.",
  emptyText:
    "Den livestt-Knopf in der Symbolleiste drücken, während der gewünschte Tab im Vordergrund ist.",
  emptyNote: "Der Ton geht an den eigenen Server und nirgendwohin sonst.",

  captioned: (title) => `Untertitelt wird „${title}“`,
  levelOf: (name) => `Pegel von ${name}`,
  microphone: "Mein Mikrofon",
  overlay: "Untertitel auf der Seite",
  overlayHow: "Live-Untertitel. Pfeiltasten verschieben sie, Escape blendet sie aus.",
  overlayHide: "Untertitel ausblenden",
  serverHint: "Die Adresse seiner Seite, etwa http://127.0.0.1:8000",
  serverWrong: "Das ist keine Adresse eines Servers.",

  blocked: "Chrome lässt livestt auf dieser Seite nicht schreiben.",
  allowSites: "Auf allen Seiten erlauben",

  askTitle: "Auch die eigene Stimme untertiteln?",
  askText:
    "Chrome fragt einmal, ob livestt das Mikrofon benutzen darf. Was Sie sagen, steht dann neben den Worten des Tabs unter dem Namen „me“ und geht an den eigenen Server und nirgendwohin sonst.",
  askButton: "Mikrofon erlauben",
  askBlocked:
    "Das Mikrofon ist gesperrt oder fehlt. Das Symbol neben der Adresse öffnet die Berechtigungen; danach den Knopf erneut drücken.",

  notInvokedTitle: "Chrome verlangt erst einen Klick auf den Knopf.",
  notInvoked:
    "Den gewünschten Tab nach vorn holen und den livestt-Knopf in der Symbolleiste drücken: Erst dann darf eine Erweiterung ihn hören.",
  notCapturableTitle: "Dieser Tab ist nicht zu hören.",
  notCapturable:
    "Keine Erweiterung darf Chromes eigene Seiten hören, auch keinen Tab, den schon etwas anderes hört.",

  noSignalTitle: "Das Mikrofon ist stumm.",
  noSignal: "Ist es das richtige, und ist es eingeschaltet?",
  denied: "Unten aus- und wieder einschalten: Chrome fragt dann in einem Tab danach.",
  noDevice: "Eines anschließen, dann unten aus- und wieder einschalten.",
  busy: "Vielleicht benutzt es ein anderes Programm. Dieses schließen, dann unten aus- und wieder einschalten.",
  deviceLost: "Zum Fortfahren wieder anschließen. Der Tab wird weiter untertitelt.",
  incompleteTitle: "Ein Teil der Erweiterung fehlt.",
  incomplete: "Neu exportieren und unter chrome://extensions neu laden.",
  rememberKeyHint: "Sonst ist er vergessen, sobald Chrome geschlossen wird.",
  refusedTitle: "Der Server hat die Erweiterung abgewiesen.",
  away: "Läuft er, und stimmt die Adresse in den Einstellungen? Die letzte Minute Ton wird aufgehoben und dann gesendet.",
};
