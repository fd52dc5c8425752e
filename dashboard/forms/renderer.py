"""How every form field is drawn."""

from django.forms.renderers import TemplatesSetting


class LinkdeskFormRenderer(TemplatesSetting):
    field_template_name = "dashboard/_field.html"
