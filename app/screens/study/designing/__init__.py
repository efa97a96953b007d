"""The form in which a study is designed."""
