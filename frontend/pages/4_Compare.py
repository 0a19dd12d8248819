from frontend.layout import COMPARE, page_frame
from frontend.views.compare import render

render(page_frame(COMPARE))
