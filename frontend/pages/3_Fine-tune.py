from frontend.layout import TUNE, page_frame
from frontend.views.finetune import render

render(page_frame(TUNE))
