/** Chinese. @type {import("../words.js").Words} */
export const zh = {
  emptyTitle: "为标签页加字幕。",
  emptyText: "把要加字幕的标签页切到最前面，然后按工具栏里的 livestt 按钮。",
  emptyNote: "声音只发送到您自己的服务器，不会去别处。",

  captioned: (title) => `正在为“${title}”加字幕`,
  levelOf: (name) => `${name} 的音量`,
  microphone: "我的麦克风",
  overlay: "在网页上显示字幕",
  overlayHow: "实时字幕。方向键移动，Esc 键隐藏。",
  overlayHide: "隐藏字幕",
  serverHint: "服务器网页的地址，例如 http://127.0.0.1:8000",
  serverWrong: "这不是服务器的地址。",

  blocked: "Chrome 不允许 livestt 在这个网页上显示字幕。",
  allowSites: "允许在所有网站上显示",

  askTitle: "也为您自己的声音加字幕？",
  askText:
    "Chrome 会询问一次是否允许 livestt 使用麦克风。之后您说的话会以“me”为名显示在标签页的文字旁边，只发送到您自己的服务器，不会去别处。",
  askButton: "允许使用麦克风",
  askBlocked: "麦克风被阻止或不存在。点击地址旁的图标可打开权限设置，然后再按一次按钮。",

  notInvokedTitle: "Chrome 要求先按一下按钮。",
  notInvoked:
    "把要加字幕的标签页切到最前面，再按工具栏里的 livestt 按钮：只有这样扩展程序才能听到它。",
  notCapturableTitle: "听不到这个标签页。",
  notCapturable: "扩展程序不能监听 Chrome 自己的页面，也不能监听已被其他程序监听的标签页。",

  noSignalTitle: "您的麦克风没有声音。",
  noSignal: "是正确的麦克风吗？打开了吗？",
  denied: "在下面关闭再打开：Chrome 会在一个标签页里询问。",
  noDevice: "请接上麦克风，然后在下面关闭再打开。",
  busy: "可能有其他程序正在使用。请关闭该程序，然后在下面关闭再打开。",
  deviceLost: "重新接上即可继续。标签页的字幕没有中断。",
  incompleteTitle: "扩展程序缺少一部分。",
  incomplete: "请重新导出，并在 chrome://extensions 重新加载。",
  rememberKeyHint: "否则关闭 Chrome 后即被忘记。",
  refusedTitle: "服务器拒绝了扩展程序。",
  away: "服务器在运行吗？设置里的地址正确吗？最近一分钟的声音会保留，之后再发送。",
};
