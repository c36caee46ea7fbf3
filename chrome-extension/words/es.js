/** Spanish. @type {import("../words.js").Words} */
export const es = {
  emptyTitle: "Subtitular una pestaña.",
  emptyText:
    "Pulse el botón de livestt en la barra de herramientas con la pestaña deseada en primer plano.",
  emptyNote: "El sonido va a su propio servidor y a ningún otro sitio.",

  captioned: (title) => `Subtitulando «${title}»`,
  levelOf: (name) => `Nivel de sonido de ${name}`,
  microphone: "Mi micrófono",
  overlay: "Subtítulos en la página",
  overlayHow: "Subtítulos en directo. Las flechas los mueven, Escape los oculta.",
  overlayHide: "Ocultar subtítulos",
  serverHint: "La dirección de su página, por ejemplo http://127.0.0.1:8000",
  serverWrong: "Esto no es la dirección de un servidor.",

  blocked: "Chrome no deja que livestt escriba en esta página.",
  allowSites: "Permitirlo en todos los sitios",

  askTitle: "¿Subtitular también su voz?",
  askText:
    "Chrome pregunta una vez si livestt puede usar el micrófono. Lo que usted diga aparece entonces junto a las palabras de la pestaña, con el nombre «me», y va a su propio servidor y a ningún otro sitio.",
  askButton: "Permitir el micrófono",
  askBlocked:
    "El micrófono está bloqueado o no existe. El icono junto a la dirección abre los permisos; después pulse el botón otra vez.",

  notInvokedTitle: "Chrome quiere primero un clic en el botón.",
  notInvoked:
    "Ponga en primer plano la pestaña que quiere subtitular y pulse el botón de livestt en la barra de herramientas: solo entonces puede oírla una extensión.",
  notCapturableTitle: "Esta pestaña no se puede oír.",
  notCapturable:
    "Ninguna extensión puede escuchar las páginas propias de Chrome ni una pestaña que otra cosa ya escucha.",

  noSignalTitle: "Su micrófono está en silencio.",
  noSignal: "¿Es el correcto y está encendido?",
  denied: "Apáguelo y enciéndalo abajo: Chrome pregunta entonces por él en una pestaña.",
  noDevice: "Conecte uno, luego apáguelo y enciéndalo abajo.",
  busy: "Quizá lo usa otro programa. Ciérrelo, luego apague y encienda el micrófono abajo.",
  deviceLost: "Conéctelo de nuevo para seguir. La pestaña se sigue subtitulando.",
  incompleteTitle: "Falta una parte de la extensión.",
  incomplete: "Expórtela otra vez y vuelva a cargarla en chrome://extensions.",
  rememberKeyHint: "Si no, se olvida al cerrar Chrome.",
  refusedTitle: "El servidor rechazó la extensión.",
  away: "¿Está en marcha, y es correcta la dirección en los ajustes? El último minuto de sonido se guarda y se envía después.",
};
