/**
 * The picture of the pipeline: four stations beside each other, dots that move from one to the next as fast as `--pace`
 * says, and the losses at the foot of each. Where the window is narrow they are below each other. The dots stand still
 * where nothing comes, and for those who do not want to see things move. What moves is transformed, which browsers do
 * beside the page's own thread: a background that moves took 200 ms of it a second.
 */
export const PIPELINE_STYLE = `
.pipeline { list-style: none; margin: .25rem 0 0; padding: 0; display: grid; grid-template-columns: 1fr 1fr 1fr 1.25fr; gap: 2.25rem; }
.station { position: relative; display: flex; flex-direction: column; border: 1px solid var(--line); border-radius: 6px; padding: .5rem .8rem .6rem; background: var(--panel); font-size: .93rem; min-width: 0; }
.station h3 { margin: 0; font-size: .93rem; } .station h3 small { margin-left: .3rem; font-weight: normal; color: var(--faint); }
.station .lead { margin: .1rem 0 .25rem; } .lead .figure { font-size: 1.45rem; line-height: 1.35; }
.station dl div { display: flex; justify-content: space-between; gap: .75rem; white-space: nowrap; }
.station dt { color: var(--faint); overflow: hidden; text-overflow: ellipsis; } .station dd { text-align: right; }
.station .beside { display: inline-block; min-width: 4.5rem; margin-left: .3rem; }
.station .losses { margin-top: auto; }
.station .losses::before { content: "lost here"; display: block; margin-top: .4rem; border-top: 1px solid var(--line); padding-top: .3rem; font-size: .8rem; color: var(--faint); }
.losses .none dd { color: var(--faint); } .losses .bad dt, .losses .bad dd { color: var(--bad); font-weight: bold; }
.flow { position: absolute; left: calc(100% + 3px); top: 2.6rem; width: calc(2.25rem - 8px); height: 8px; overflow: hidden; }
.station:last-child .flow { display: none; }
.flow i { position: absolute; inset: 0 0 0 -12px; background: radial-gradient(circle, var(--link) 2.5px, transparent 3px) 0 0 / 12px 8px repeat-x; animation: flow var(--pace, 1s) linear infinite; }
.still .flow i { animation: none; background-image: radial-gradient(circle, var(--line) 2.5px, transparent 3px); }
@keyframes flow { to { transform: translateX(12px); } }
@media (prefers-reduced-motion: reduce) { .flow i { animation: none !important; } }
meter { width: 5.5rem; height: .5rem; vertical-align: .1em; }
meter::-webkit-meter-bar { height: .5rem; border: 0; border-radius: 3px; background: var(--line); }
meter::-webkit-meter-optimum-value { background: var(--link); border-radius: 3px; }
meter::-webkit-meter-suboptimum-value, meter::-webkit-meter-even-less-good-value { background: var(--bad); border-radius: 3px; }
.chart { margin-top: .75rem; min-height: 150px; font-size: .85rem; }
.u-legend { font-size: .85rem; font-variant-numeric: tabular-nums; } .u-legend th { font-weight: normal; } .u-legend .u-series:first-child th { display: none; } .u-legend .u-series th, .u-legend .u-series td { border: 0; padding: 0 .25rem; width: auto; }
#connection { margin: 0; display: flex; align-items: baseline; gap: .5rem; color: var(--faint); font-size: .93rem; }
#connection:empty { display: none; }
#connection::before { content: ""; width: .55rem; height: .55rem; border-radius: 50%; background: var(--faint); flex: none; }
#connection.live { color: var(--good); } #connection.live::before { background: var(--good); }
#connection.silent { flex-basis: 100%; color: var(--bad); font-weight: bold; } #connection.silent::before { background: var(--bad); }
@media (max-width: 62rem) {
  .pipeline { grid-template-columns: repeat(2, 1fr); }
  .station:nth-child(2) .flow { display: none; }
}
@media (max-width: 48rem) {
  .pipeline { grid-template-columns: 1fr; gap: 1.1rem; }
  .station .flow, .station:nth-child(2) .flow { display: block; left: calc(50% - 4px); top: calc(100% + 2px); width: 8px; height: calc(1.1rem - 5px); }
  .station:last-child .flow { display: none; }
  .flow i { inset: -12px 0 0 0; background-size: 8px 12px; background-repeat: repeat-y; animation-name: fall; }
  @keyframes fall { to { transform: translateY(12px); } }
}
`;
