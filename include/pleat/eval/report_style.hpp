#pragma once
/// \file  The style sheet of the HTML report: light and dark by the reader's setting, series colours that colour-blind readers
/// can tell apart (after Okabe and Ito), nothing from outside.

#include <string_view>

namespace pleat::inline v0_1::detail {

inline constexpr std::string_view report_style = R"css(
:root{color-scheme:light dark;--page:#fff;--panel:#f6f7f9;--text:#1b1f24;--soft:#58616c;--rule:#d5dae0;--accent:#0b5cad;--good:#0a6b46;--bad:#a33a00;--warn:#fff4dc;--warnrule:#d99a00;
--s0:#0072b2;--s1:#c14b00;--s2:#007a58;--s3:#a8478a;--s4:#8a6a00;--s5:#3a8fc4;--s6:#5b5b5b;--s7:#6a3fb5;
--a0:#8a6a00;--a1:#6a3fb5;--a2:#007a58;--a3:#0072b2;--a4:#c8321e;--a5:#5b5b5b;--a6:#999}
@media (prefers-color-scheme:dark){:root{--page:#14171b;--panel:#1c2127;--text:#e8ebee;--soft:#a3adb8;--rule:#39414b;--accent:#6cb4f5;--good:#55cf9d;--bad:#ffa167;--warn:#33290f;--warnrule:#c79a2e;
--s0:#56b4e9;--s1:#f08a4b;--s2:#35c79a;--s3:#e08fc4;--s4:#e6c34a;--s5:#9fd3f3;--s6:#b5b5b5;--s7:#b79cf0;
--a0:#e6c34a;--a1:#b79cf0;--a2:#35c79a;--a3:#56b4e9;--a4:#ff7d6b;--a5:#c4c4c4;--a6:#888}}
*{box-sizing:border-box}
body{margin:0 auto;max-width:1240px;padding:28px 20px 60px;background:var(--page);color:var(--text);font:16px/1.5 system-ui,-apple-system,"Segoe UI",Roboto,"Noto Sans","DejaVu Sans",sans-serif}
h1{font-size:1.75rem;line-height:1.2;margin:0 0 4px}h2{font-size:1.25rem;margin:42px 0 10px;padding-top:12px;border-top:1px solid var(--rule)}
p{margin:8px 0;max-width:84ch}.soft,.note{color:var(--soft)}.note{font-size:.86rem}
.warning{background:var(--warn);border-left:4px solid var(--warnrule);padding:9px 14px;margin:10px 0;border-radius:0 6px 6px 0;max-width:none}
.scroll{overflow-x:auto}table{border-collapse:collapse;width:100%;font-variant-numeric:tabular-nums}

th,td{padding:8px 11px;text-align:left;vertical-align:top;border-bottom:1px solid var(--rule)}
thead th{border-bottom:2px solid var(--soft);vertical-align:bottom;line-height:1.25}thead small{display:block;font-weight:400;color:var(--soft)}
tbody th{font-weight:600;white-space:nowrap}tbody th small{display:block;font-weight:400;color:var(--soft)}
tr.group>*{border-top:2px solid var(--rule)}
.main td{white-space:nowrap}.main th:first-child{position:sticky;left:0;background:inherit}.main tr{background:var(--page)}.main tr.baseline{background:var(--panel)}.value{font-size:1.06rem}.best .value{font-weight:800;text-decoration:underline;text-decoration-thickness:2px;text-underline-offset:3px}
.small{display:block;font-size:.79rem;line-height:1.4;color:var(--soft)}.up{color:var(--good)}.down{color:var(--bad)}.flat{color:var(--bad)}
.full td,.full th{font-size:.84rem;padding:4px 9px;white-space:nowrap}.facts td{white-space:normal;width:100%}.number{text-align:right}
summary{cursor:pointer;color:var(--accent);font-weight:600;margin:14px 0 8px}
.charts{display:grid;grid-template-columns:repeat(auto-fill,minmax(min(100%,370px),1fr));gap:18px}
.wide{grid-template-columns:repeat(auto-fill,minmax(min(100%,480px),1fr))}
figure{margin:0;padding:14px 14px 10px;background:var(--panel);border-radius:10px}figcaption{font-weight:600;margin-bottom:6px}
svg.chart{width:100%;height:auto;display:block}svg text{fill:var(--soft);font:12px system-ui,-apple-system,"Segoe UI",Roboto,"DejaVu Sans",sans-serif}
svg .label{font-size:12.5px;fill:var(--text)}svg .mid{text-anchor:middle}svg .end{text-anchor:end}
svg .axis{stroke:var(--soft);fill:none}svg .grid{stroke:var(--rule)}
svg .line{fill:none;stroke-width:2.2;stroke-linejoin:round}svg .band{opacity:.13}svg .mark:hover{stroke-width:4}
.level{stroke:var(--soft);stroke-width:1.8}svg .l0{stroke-dasharray:7 4}svg .l1{stroke-dasharray:2 4}svg .l2{stroke-dasharray:9 3 2 3}svg .l3{stroke-dasharray:1 3}
svg .residue text{font-size:9.5px;font-weight:600;text-anchor:middle;dominant-baseline:central;fill:inherit}
.legend{list-style:none;display:flex;flex-wrap:wrap;gap:3px 16px;margin:8px 0 0;padding:0;font-size:.84rem}.legend svg{vertical-align:-2px;margin-right:6px}
.s0{stroke:var(--s0)}.s1{stroke:var(--s1)}.s2{stroke:var(--s2)}.s3{stroke:var(--s3)}.s4{stroke:var(--s4)}.s5{stroke:var(--s5)}.s6{stroke:var(--s6)}.s7{stroke:var(--s7)}
.mark.s0,.band.s0{fill:var(--s0)}.mark.s1,.band.s1{fill:var(--s1)}.mark.s2,.band.s2{fill:var(--s2)}.mark.s3,.band.s3{fill:var(--s3)}
.mark.s4,.band.s4{fill:var(--s4)}.mark.s5,.band.s5{fill:var(--s5)}.mark.s6,.band.s6{fill:var(--s6)}.mark.s7,.band.s7{fill:var(--s7)}.band,.mark.tile{stroke:none}
.s1.line{stroke-dasharray:9 4}.s2.line{stroke-dasharray:3 3}.s3.line{stroke-dasharray:11 3 3 3}.s5.line{stroke-dasharray:6 3}.s6.line{stroke-dasharray:2 4}.s7.line{stroke-dasharray:13 4}
.a0{fill:var(--a0)}.a1{fill:var(--a1)}.a2{fill:var(--a2)}.a3{fill:var(--a3)}.a4{fill:var(--a4)}.a5{fill:var(--a5)}.a6{fill:var(--a6)}
code{font:.85rem/1.5 ui-monospace,"DejaVu Sans Mono",Menlo,monospace;white-space:pre-wrap;overflow-wrap:anywhere}
@media print{body{max-width:none}figure{break-inside:avoid}}
)css";

} // namespace pleat::inline v0_1::detail
