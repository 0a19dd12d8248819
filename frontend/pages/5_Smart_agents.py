from frontend.layout import SMART, page_frame
from frontend.views.smart_agents import render

render(page_frame(SMART))
