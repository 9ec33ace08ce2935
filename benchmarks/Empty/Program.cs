// An empty .NET program: what a start costs at the least.
return;
