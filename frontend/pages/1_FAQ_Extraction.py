from frontend.layout import FAQ, page_frame
from frontend.views.faq_extraction import render

render(page_frame(FAQ))
