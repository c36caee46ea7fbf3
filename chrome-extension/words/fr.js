/** French. @type {import("../words.js").Words} */
export const fr = {
  emptyTitle: "Sous-titrer un onglet.",
  emptyText:
    "Appuyez sur le bouton livestt de la barre d’outils pendant que l’onglet voulu est au premier plan.",
  emptyNote: "Le son va à votre propre serveur et nulle part ailleurs.",

  captioned: (title) => `Sous-titrage de « ${title} »`,
  levelOf: (name) => `Niveau sonore de ${name}`,
  microphone: "Mon micro",
  overlay: "Sous-titres sur la page",
  overlayHow: "Sous-titres en direct. Les flèches les déplacent, Échap les masque.",
  overlayHide: "Masquer les sous-titres",
  serverHint: "L’adresse de sa page, par exemple http://127.0.0.1:8000",
  serverWrong: "Ce n’est pas l’adresse d’un serveur.",

  blocked: "Chrome ne laisse pas livestt écrire sur cette page.",
  allowSites: "Autoriser sur tous les sites",

  askTitle: "Sous-titrer aussi votre voix ?",
  askText:
    "Chrome demande une fois si livestt peut utiliser le micro. Ce que vous dites apparaît alors à côté des paroles de l’onglet, sous le nom « me », et va à votre propre serveur et nulle part ailleurs.",
  askButton: "Autoriser le micro",
  askBlocked:
    "Le micro est bloqué ou absent. L’icône à côté de l’adresse ouvre les autorisations ; appuyez ensuite de nouveau sur le bouton.",

  notInvokedTitle: "Chrome veut d’abord un clic sur le bouton.",
  notInvoked:
    "Mettez l’onglet à sous-titrer au premier plan et appuyez sur le bouton livestt de la barre d’outils : c’est seulement alors qu’une extension peut l’entendre.",
  notCapturableTitle: "Cet onglet ne peut pas être entendu.",
  notCapturable:
    "Aucune extension ne peut écouter les pages de Chrome, ni un onglet déjà écouté par autre chose.",

  noSignalTitle: "Votre micro est muet.",
  noSignal: "Est-ce le bon, et est-il allumé ?",
  denied: "Désactivez-le puis réactivez-le ci-dessous : Chrome le demande alors dans un onglet.",
  noDevice: "Branchez-en un, puis désactivez-le et réactivez-le ci-dessous.",
  busy: "Un autre programme l’utilise peut-être. Fermez-le, puis désactivez et réactivez le micro ci-dessous.",
  deviceLost: "Rebranchez-le pour continuer. L’onglet est toujours sous-titré.",
  incompleteTitle: "Une partie de l’extension manque.",
  incomplete: "Exportez-la de nouveau, puis rechargez-la dans chrome://extensions.",
  rememberKeyHint: "Sinon, elle est oubliée à la fermeture de Chrome.",
  refusedTitle: "Le serveur a refusé l’extension.",
  away: "Est-il en marche, et l’adresse dans les réglages est-elle juste ? La dernière minute de son est gardée, puis envoyée.",
};
