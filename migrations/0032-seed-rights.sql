-- What runs with the rights of its owner is nobody's to call: the trigger goes on firing, whoever adds a workspace.
revoke all on function seed_workspace() from public;
