/** Light and dark by the reader's setting; no font, image or script from anywhere. */
export const STYLE = `
:root{color-scheme:light dark;--paper:#f6f7fa;--card:#fff;--ink:#1b2130;--soft:#5b6478;--line:#dfe3ec;--accent:#3d4fb8;--night:#1d2550;
--good:#14713f;--good-bg:#e2f3e9;--bad:#a5261d;--bad-bg:#fbe6e4;--warn:#7d5300;--warn-bg:#fbf0d6;--new-bg:#e0ecff;--code:#eef0f6}
@media (prefers-color-scheme:dark){:root{--paper:#10131c;--card:#181d2a;--ink:#e6e9f2;--soft:#9ba5bb;--line:#2b3346;--accent:#97a6ff;--night:#0b0f22;
--good:#6fd69b;--good-bg:#12301f;--bad:#ff9b91;--bad-bg:#3a1815;--warn:#efc564;--warn-bg:#352a0e;--new-bg:#1b2c4f;--code:#222939}}
*{box-sizing:border-box}
body{margin:0;background:var(--paper);color:var(--ink);font:15px/1.5 system-ui,-apple-system,"Segoe UI",Roboto,sans-serif;-webkit-text-size-adjust:100%}
.wide{max-width:1120px;margin:0 auto;padding:0 20px}
header{background:linear-gradient(160deg,#1d2550,#34407f 60%,#6a5a8f);color:#fff;padding:36px 0 30px}
.kicker{margin:0;text-transform:uppercase;letter-spacing:.14em;font-size:12px;opacity:.75}
h1{margin:4px 0;font-size:30px;line-height:1.2;font-weight:650}
.lead{margin:0;opacity:.85}
h2{font-size:19px;margin:0 0 14px;font-weight:650}
h4{margin:0;font-size:16px;font-weight:650}
h5{margin:14px 0 6px;font-size:13px;font-weight:650;color:var(--soft)}
code,pre,.address,.line{font-family:ui-monospace,SFMono-Regular,Menlo,Consolas,monospace;font-size:12.5px}
code{background:var(--code);padding:1px 5px;border-radius:4px}
header code{background:#ffffff2b}
.verdict{margin:20px 0 0;padding:12px 16px;border-radius:10px;background:#fff;color:#1b2130}
.verdict.good{border-left:6px solid #2ea566}.verdict.bad{border-left:6px solid #d8463b}
.verdict ul{margin:6px 0 0;padding-left:20px}.verdict li{margin:3px 0;overflow-wrap:anywhere;white-space:pre-line}
.asked{margin:14px 0 -8px}
main.wide{padding-top:22px;padding-bottom:4px}
.pick{position:absolute;opacity:0;pointer-events:none}
.hosts{display:grid;grid-template-columns:repeat(auto-fit,minmax(280px,1fr));gap:14px;margin-bottom:26px}
.card{display:block;background:var(--card);border:2px solid var(--line);border-radius:12px;padding:14px 16px;cursor:pointer}
.card .name{display:flex;justify-content:space-between;gap:8px;font-weight:650;font-size:16px}
.numbers{display:flex;flex-wrap:wrap;gap:4px 18px;margin:8px 0 4px;color:var(--soft)}.numbers b{color:var(--ink);font-size:18px;font-weight:650}
.numbers .bad b{color:var(--bad)}.card .hint{display:block;overflow-wrap:anywhere}
.host{display:none}
#host-github:checked~.host-github,#host-azure:checked~.host-azure{display:block}
#host-github:checked~nav .card-github,#host-azure:checked~nav .card-azure{border-color:var(--accent)}
#host-github:focus-visible~nav .card-github,#host-azure:focus-visible~nav .card-azure{outline:3px solid var(--accent);outline-offset:2px}
.part{background:var(--card);border:1px solid var(--line);border-radius:12px;padding:20px 22px;margin-bottom:20px}
.hint{color:var(--soft);font-size:13px}p.hint{margin:2px 0 8px}
.badge{display:inline-block;font-size:12px;font-weight:600;padding:1px 9px;border-radius:99px;background:var(--code);color:var(--soft);vertical-align:1px}
.badge.succeeded{background:var(--good-bg);color:var(--good)}.badge.failed{background:var(--bad-bg);color:var(--bad)}.badge.cancelled{background:var(--warn-bg);color:var(--warn)}
.night{position:relative;height:76px;padding:0 22px;border-radius:8px;background:linear-gradient(90deg,#5d5687,#232b5c 18%,#0f1433 45%,#0f1433 62%,#3a3f78 85%,#a0788a)}
.sky{position:relative;height:100%}.hour{position:absolute;bottom:5px;transform:translateX(-50%);font-size:11px;color:#ffffffb0;white-space:nowrap}
.hour::before{content:"";position:absolute;left:50%;bottom:18px;height:5px;border-left:1px solid #ffffff66}
.pin{position:absolute;top:9px;width:24px;height:24px;margin-left:-12px;border-radius:50%;border:2px solid #fff;background:#2ea566;color:#fff;font-size:12px;font-weight:700;display:grid;place-items:center}
.pin.low{top:30px}.pin.failed{background:#d8463b}.pin.skipped{background:#7a8398}
.stages{list-style:none;margin:0;padding:0}
.stage{display:flex;gap:14px}
.rail{position:relative;flex:none;width:28px}
.stage:not(:last-child) .rail::before{content:"";position:absolute;left:13px;top:28px;bottom:-2px;border-left:2px solid var(--line)}
.dot{display:grid;place-items:center;width:28px;height:28px;border-radius:50%;background:var(--good-bg);color:var(--good);font-weight:700;font-size:13px}
.failed>.rail .dot{background:var(--bad-bg);color:var(--bad)}.skipped>.rail .dot{background:var(--code);color:var(--soft)}
.body{flex:1;min-width:0;padding-bottom:22px}
.approval{margin:2px 0 8px;font-weight:550}.approval .hint{font-weight:400}.approval.failed{color:var(--bad)}
.step{border:1px solid var(--line);border-radius:8px;margin:6px 0;background:var(--paper)}
.step>summary,.step.small{display:flex;align-items:baseline;gap:9px;padding:7px 12px}
.step.small{border:0;background:none;color:var(--soft);padding:2px 12px}
summary{cursor:pointer;list-style:none}summary::-webkit-details-marker{display:none}
.step>summary::after,.system>summary::after{content:"";flex:none;width:7px;height:7px;border:solid var(--soft);border-width:0 2px 2px 0;transform:rotate(45deg);align-self:center;margin:-4px 3px 0 0}
details[open]>summary::after{transform:rotate(225deg);margin-top:3px}
.title{flex:1;min-width:0;overflow-wrap:anywhere}
.facts{color:var(--soft);font-size:13px;white-space:nowrap}
.sign{flex:none;width:1em;text-align:center;font-weight:700;color:var(--soft)}.sign.succeeded{color:var(--good)}.sign.failed{color:var(--bad)}
.note{margin:-2px 0 6px 38px;color:var(--soft);font-size:13px;overflow-wrap:anywhere}
.annotation{margin:4px 0 6px;padding:8px 12px;border-radius:8px;white-space:pre-wrap;overflow-wrap:anywhere;font-size:13.5px}
.annotation.error{background:var(--bad-bg);color:var(--bad)}.annotation.warning{background:var(--warn-bg);color:var(--warn)}
.inside{padding:2px 14px 14px;border-top:1px solid var(--line)}
.inside>.hint{overflow-wrap:anywhere;margin-top:8px}
pre{margin:0;padding:10px 12px;border-radius:8px;background:var(--code);overflow-x:auto;white-space:pre-wrap;overflow-wrap:anywhere}
.pre{white-space:pre-wrap;overflow-wrap:anywhere}
dl{margin:0;display:grid;grid-template-columns:max-content 1fr;gap:3px 14px;font-size:13px}dt{color:var(--soft)}dd{margin:0;min-width:0}
.scroll{overflow-x:auto}
table{border-collapse:collapse;width:100%;font-size:13px}
th,td{text-align:left;vertical-align:top;padding:5px 10px 5px 0;border-bottom:1px solid var(--line)}
thead th{color:var(--soft);font-weight:600}
tbody tr:last-child>*{border-bottom:0}
.summary td,.summary th{padding-right:16px}
.calls td:first-child,.calls td:last-child{white-space:nowrap;font-variant-numeric:tabular-nums}.calls td:nth-child(2){white-space:nowrap}
.address{overflow-wrap:anywhere}.read{color:var(--soft);font-weight:600}.write{color:var(--accent)}.refused td:last-child{color:var(--warn);font-weight:600}
.system{border-top:1px solid var(--line);padding:10px 0}.system>summary{display:flex;gap:10px;align-items:baseline}.system .count{flex:1;color:var(--soft);font-size:13px}
.states{table-layout:fixed;min-width:640px;margin-top:6px}.states th:first-child{width:17%}.states th[scope=row]{font-weight:600;overflow-wrap:anywhere}
.line{white-space:pre-wrap;overflow-wrap:anywhere;padding:1px 5px;border-radius:4px;margin:1px 0}
.new{background:var(--new-bg)}.gone{background:var(--bad-bg)}
p .new,p .gone{padding:0 5px;border-radius:4px}
.back{display:inline-block;font-size:11.5px;font-weight:600;color:var(--good);background:var(--good-bg);border-radius:99px;padding:0 8px;margin-bottom:2px}
.parity,.plain{margin:0;padding-left:0;list-style:none}.parity li{display:flex;gap:9px;padding:4px 0}.plain li{padding:3px 0 3px 14px;border-left:3px solid var(--line);margin:5px 0}
footer.wide{color:var(--soft);font-size:13px;padding-bottom:40px}
@media (max-width:640px){.wide{padding:0 14px}h1{font-size:24px}.part{padding:16px 14px}.stage{gap:10px}.facts{display:none}dl{grid-template-columns:1fr}dt{margin-top:4px}
.calls td:nth-child(2),.calls th:nth-child(2){display:none}.hour:nth-child(even){display:none}}
@media print{.host{display:block!important}details>*{display:block}}
`;
