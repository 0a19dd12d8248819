from frontend.layout import SETTINGS, page_frame
from frontend.views.settings import render

render(page_frame(SETTINGS))
