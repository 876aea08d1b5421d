"""Who may move the champion of a task, and how adapters lie at rest."""
