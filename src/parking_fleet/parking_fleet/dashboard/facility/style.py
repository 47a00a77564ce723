"""Hold how the page of a facility looks, in light and dark, on a phone and on a desk."""

from parking_fleet.dashboard import theme
from parking_fleet.dashboard.facility.charts import IN, OUT

_HATCH = f'repeating-linear-gradient(45deg, {theme.UNKNOWN} 0 6px, #6f6f6f 6px 9px)'

STYLE = f"""
.fac-page {{ --fac-line: var(--line, color-mix(in srgb, currentColor 22%, transparent));
  display: grid; gap: 1rem; }}
.fac-part {{ background: var(--surface, transparent); border: 1px solid var(--fac-line);
  border-radius: .75rem; padding: 1rem 1.25rem; min-width: 0; }}
.fac-part h2 {{ font-size: 1.25rem; font-weight: 600; line-height: 1.4; margin: 0 0 .5rem; }}
.fac-part h3 {{ font-size: 1.05rem; font-weight: 600; line-height: 1.4; margin: 1rem 0 .25rem; }}
.fac-part h4 {{ font-size: .95rem; font-weight: 600; line-height: 1.4; margin: .75rem 0 .25rem; }}
.fac-part p {{ margin: .25rem 0; }}
.fac-page ul {{ list-style: none; padding: 0; margin: .25rem 0; }}
.fac-jump ul {{ display: flex; flex-wrap: wrap; gap: .25rem 1rem; }}
.fac-page a {{ color: inherit; text-decoration: underline; text-underline-offset: .2em; }}
.fac-page :focus-visible {{ outline: 3px solid {theme.FREE}; outline-offset: 2px; }}
.body--dark .fac-page :focus-visible {{ outline-color: #56B4E9; }}
.fac-soft, .fac-bound, .fac-words {{ opacity: .85; }}
.fac-unit {{ font-weight: 500; }}
.body--dark .fac-page {{ color-scheme: dark; }}
.fac-swatch {{ display: inline-block; width: 1.5rem; height: .8rem; margin-right: .4rem; border: 0 solid;
  vertical-align: -.05rem; }}
.fac-swatch-line {{ height: 0; border-top: 3px solid {theme.OCCUPIED}; vertical-align: .25rem; }}
.fac-swatch-dashed {{ height: 0; border-top: 2px dashed currentColor; vertical-align: .25rem; }}
.fac-swatch-dotted {{ height: 0; border-top: 2px dotted currentColor; vertical-align: .25rem; }}
.fac-swatch-band {{ background: {theme.FREE}; opacity: .4; }}
.fac-swatch-area {{ background: {theme.OCCUPIED}; opacity: .6; }}
.fac-swatch-hatched {{ background: {_HATCH}; }}
.fac-swatch-bar-in {{ background: {IN}; }}
.fac-swatch-bar-out {{ background: repeating-linear-gradient(45deg, {OUT} 0 4px, #8a6000 4px 6px); }}
.fac-choice .q-btn {{ text-decoration: underline; text-underline-offset: .2em; }}
.fac-state p:first-child {{ font-size: 1.1rem; font-weight: 600; }}
.fac-tiles {{ display: grid; grid-template-columns: repeat(auto-fit, minmax(6.25rem, 1fr)); gap: .75rem; }}
.fac-tile {{ border-left: 6px solid; padding: .1rem .75rem; }}
.fac-edge-free {{ border-color: {theme.FREE}; }}
.fac-edge-occupied {{ border-color: {theme.OCCUPIED}; }}
.fac-edge-unknown {{ border-image: {_HATCH} 6; }}
.fac-edge-plain {{ border-color: var(--fac-line); }}
.fac-number {{ font-size: 2.25rem; font-weight: 700; line-height: 1.15; font-variant-numeric: tabular-nums; }}
.fac-tiles {{ margin-bottom: .75rem; }}
.fac-bar {{ display: flex; height: 1.1rem; border-radius: .3rem; overflow: hidden; margin: .3rem 0;
  background: var(--fac-line); }}
.fac-bar span + span {{ border-left: 2px solid #fff; }}
.fac-bar .fac-free {{ background: {theme.FREE}; }}
.fac-bar .fac-occupied {{ background: {theme.OCCUPIED}; }}
.fac-bar .fac-unknown {{ background: {_HATCH}; }}
.fac-zones {{ display: grid;
  grid-template-columns: repeat(auto-fill, minmax(15rem, 1fr)); gap: .5rem 1.25rem; }}
.fac-zones .fac-bar {{ height: .7rem; }}
.fac-notes li {{ margin: .25rem 0; padding-left: .75rem; border-left: 4px solid {theme.DISPUTED}; }}
.fac-grid {{ display: grid; grid-template-columns: repeat(auto-fill, minmax(4.5rem, 1fr)); gap: .35rem; }}
.fac-bay {{ border-radius: .3rem; padding: .25rem .4rem; text-align: center; color: #000;
  overflow-wrap: anywhere; }}
.fac-bay.fac-free {{ background: {theme.FREE}; color: #fff; }}
.fac-bay.fac-occupied {{ background: {theme.OCCUPIED}; }}
.fac-bay.fac-unknown {{ background: repeating-linear-gradient(45deg, #b8b8b8 0 6px, #a0a0a0 6px 9px); }}
.fac-bay.fac-disputed {{ background: {theme.DISPUTED}; }}
.fac-sign {{ margin-right: .3em; font-weight: 700; }}
.fac-legend {{ display: flex; flex-wrap: wrap; gap: .35rem 1rem; }}
.fac-legend .fac-bay {{ display: inline-block; padding: 0 .4rem; margin-right: .35rem; }}
.fac-legend .fac-bay .fac-sign {{ margin: 0; }}
.fac-map {{ position: relative; width: 100%; max-width: 56rem; border-radius: .5rem; overflow: hidden;
  background: #dfe3e6; container-type: inline-size; }}
.body--dark .fac-map {{ background: #2a2f33; }}
.fac-map img, .fac-map svg {{ position: absolute; inset: 0; width: 100%; height: 100%; }}
.fac-map img {{ object-fit: fill; }}
.fac-shape {{ stroke: #fff; stroke-width: 2; vector-effect: non-scaling-stroke; fill-opacity: .9; }}
.fac-on-picture .fac-shape {{ fill-opacity: .55; }}
.fac-shape-free {{ fill: {theme.FREE}; }}
.fac-shape-occupied {{ fill: {theme.OCCUPIED}; }}
.fac-shape-unknown {{ fill: url(#fac-hatch); }}
.fac-shape-disputed {{ fill: {theme.DISPUTED}; stroke-dasharray: 8 5; }}
.fac-zone {{ fill: none; stroke: currentColor; stroke-dasharray: 6 4; vector-effect: non-scaling-stroke; }}
.fac-label {{ position: absolute; transform: translate(-50%, -50%); white-space: nowrap; font-size: .8rem;
  line-height: 1.2; padding: 0 .25rem; border-radius: .2rem; background: #000000b8; color: #fff; }}
@container (max-width: 40rem) {{ .fac-small .fac-bay-name {{ display: none; }}
  .fac-small .fac-sign {{ margin: 0; }} .fac-label {{ font-size: .65rem; padding: 0 .1rem; }} }}
.fac-chart {{ width: 100%; height: 20rem; }}
.fac-details {{ margin-top: .5rem; }}
.fac-details summary {{ cursor: pointer; text-decoration: underline; text-underline-offset: .2em;
  min-height: 1.75rem; width: fit-content; }}
.fac-scroll {{ overflow: auto; max-height: 24rem; }}
.fac-table {{ border-collapse: collapse; font-variant-numeric: tabular-nums; }}
.fac-table caption, .fac-heat caption {{ text-align: left; padding: .25rem 0; opacity: .85; }}
.fac-table th, .fac-table td {{ border-bottom: 1px solid var(--fac-line); padding: .2rem .9rem .2rem 0;
  text-align: right; }}
.fac-table th:first-child {{ text-align: left; font-weight: 500; }}
.fac-heat {{ border-collapse: separate; border-spacing: 2px; width: 100%; table-layout: fixed;
  font-size: .85rem; font-variant-numeric: tabular-nums; }}
.fac-heat th {{ font-weight: 500; padding: .1rem; }}
.fac-heat td {{ text-align: center; height: 1.9rem; border-radius: .2rem; padding: 0; }}
.fac-heat-cell {{ background: color-mix(in srgb, {theme.OCCUPIED} var(--share), #fbe9dd); color: #000; }}
.fac-nothing {{ background: repeating-linear-gradient(45deg, transparent 0 5px, var(--fac-line) 5px 7px); }}
.fac-high {{ display: none; }}
.fac-wide thead td, .fac-wide tbody th {{ width: 3rem; text-align: left; }}
@media (max-width: 800px) {{ .fac-wide {{ display: none; }} .fac-high {{ display: table; }}
  .fac-heat td {{ height: 1.6rem; }} .fac-part {{ padding: .75rem; }} .fac-chart {{ height: 17rem; }} }}
.fac-choice {{ display: flex; flex-wrap: wrap; gap: .5rem .75rem; align-items: center;
  margin: .25rem 0 .5rem; }}
.fac-exports {{ display: grid;
  grid-template-columns: repeat(auto-fit, minmax(15rem, 1fr)); gap: .5rem 1.5rem; }}
.fac-exports a {{ display: inline-block; padding: .35rem .9rem .35rem 0; }}
.fac-sr {{ position: absolute; width: 1px; height: 1px; overflow: hidden; clip-path: inset(50%);
  white-space: nowrap; }}
"""
