from frontend.layout import CHAT, page_frame
from frontend.views.chat import render

render(page_frame(CHAT))
