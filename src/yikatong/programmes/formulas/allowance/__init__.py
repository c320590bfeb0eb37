"""A monthly allowance by age and disability (高龄津贴、残疾人补贴)."""
